import { Link } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { Fragment } from 'react';
import { formatCount } from '@/components/format';
import { SET_ASIDE_QUEUES } from '@/services/set-aside';
import type { QueueDepth } from '@/services/stats';
import styles from './health.module.css';

/** RabbitMQ's queues, those marked in which messages lie that nobody takes. */
export function QueueTable({ queues }: { queues: QueueDepth[] }) {
  return (
    <table className="table" aria-label="Queues">
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col" className="num">
            Waiting
          </th>
          <th scope="col" className="num">
            Consumers
          </th>
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.name} data-untaken={isUntaken(queue) || undefined}>
            <td>
              <span className={`mono ${styles.queue}`}>
                <Breakable name={queue.name} />
              </span>
              <Remark queue={queue} />
            </td>
            <td className="num">{formatCount(queue.ready)}</td>
            <td className="num">{formatCount(queue.consumers)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** On a narrow screen a name breaks between its parts, not within one. */
function Breakable({ name }: { name: string }) {
  return name.split(/(?<=[._])/).map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one name never move
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

const isForAPerson = (name: string) => SET_ASIDE_QUEUES.some((queue) => queue === name);
const isUntaken = ({ ready, consumers }: QueueDepth) => ready > 0 && consumers === 0;

function Remark({ queue }: { queue: QueueDepth }) {
  if (!isUntaken(queue)) return null;
  return (
    <p className={styles.remark}>
      <TriangleAlert size={14} aria-hidden="true" />
      {isForAPerson(queue.name) ? (
        <span>
          Waits for a person: see <Link to="/set-aside">what was set aside</Link>.
        </span>
      ) : queue.name.startsWith('orders_queue') ? (
        <span>
          No soldier takes from it: see the <Link to="/squads">squads</Link> and the{' '}
          <Link to="/fleet">fleet</Link>.
        </span>
      ) : (
        <span>No commander takes from it. Look whether one runs, and into its log.</span>
      )}
    </p>
  );
}
