import { Link } from '@tanstack/react-router';
import { formatCount } from '@/components/format';
import type { Squad } from '@/services/squads';
import { LimitSquad } from './limit-squad';
import { PauseSquad } from './pause-squad';
import { RemoveSquad } from './remove-squad';
import { SquadCounts } from './squad-counts';
import { inWords, SquadState } from './squad-state';
import styles from './squads.module.css';

export function SquadCard({ squad }: { squad: Squad }) {
  const { name, soldiers, slots, ready, limits } = squad;
  return (
    <section className={`panel ${styles.card}`} id={`squad-${name}`} aria-label={`Squad ${name}`}>
      <header>
        <h2 className="mono">{name}</h2>
        <SquadState squad={squad} />
      </header>
      <SquadCounts squad={squad} />
      <p>{inWords(squad)}</p>
      <dl className="facts">
        <div>
          <dt>Soldiers</dt>
          <dd>{soldiers === 0 ? 'none' : `${formatCount(soldiers)} live, ${formatCount(slots)} slots`}</dd>
        </div>
        <div>
          <dt>Orders waiting</dt>
          <dd>{ready === undefined ? <span className="dim">not known now</span> : formatCount(ready)}</dd>
        </div>
        <div>
          <dt>Limit</dt>
          <dd>
            {limits ? (
              <>
                {formatCount(limits.maxRunning)} at once: {formatCount(limits.admitted)}{' '}
                {limits.admitted === 1 ? 'has' : 'have'} a place, {formatCount(limits.waiting)}{' '}
                {limits.waiting === 1 ? 'waits' : 'wait'}
              </>
            ) : (
              'none: any number at once'
            )}
          </dd>
        </div>
      </dl>
      <p className={styles.links}>
        <Link to="/missions" search={{ squad: name }} aria-label={`Missions of ${name}`}>
          Missions
        </Link>
        <Link to="/fleet" search={{ squad: name }} aria-label={`Soldiers of ${name}`}>
          Soldiers
        </Link>
      </p>
      <div className={styles.actions}>
        <PauseSquad squad={squad} />
        <LimitSquad squad={squad} />
        <RemoveSquad squad={squad} />
      </div>
    </section>
  );
}
