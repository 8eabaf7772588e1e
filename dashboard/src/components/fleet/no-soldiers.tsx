import { CopyLine } from '@/components/copy-line';
import { Empty } from '@/components/states';
import styles from './fleet.module.css';

const WAYS = [
  { how: 'With compose', text: 'docker compose up -d soldier-1 soldier-2 soldier-3' },
  { how: 'With the local stack, when it starts', text: 'missionctl up --soldiers 3' },
  {
    how: 'A program of your own, or the ready soldier',
    text: 'export COMMANDER_URL=http://COMMANDER:8080\nexport RABBITMQ_URL=amqp://USER:PASSWORD@RABBITMQ:5672\nexport SOLDIER_ENROLLMENT_KEY_FILE=/path/to/the/commanders/enrollment-key\nsoldier --id soldier-1',
  },
];

/** Nobody is there to work: how to change that. */
export function NoSoldiers() {
  return (
    <Empty
      title="No soldiers"
      action={
        <div className={styles.start}>
          {WAYS.map(({ how, text }) => (
            <div key={how}>
              <h3>{how}</h3>
              <CopyLine label={how} text={text} />
            </div>
          ))}
        </div>
      }
    >
      Missions are accepted and wait until a soldier enlists. Start one; it appears here at once.
    </Empty>
  );
}
