import { Link } from '@tanstack/react-router';
import { formatCount } from '@/components/format';
import { STATUS_LOOKS } from '@/components/status-badge';
import type { Squad, Unended } from '@/services/squads';
import styles from './squads.module.css';

const SHOWN = [
  ['QUEUED', 'queued'],
  ['IN_PROGRESS', 'running'],
  ['SCHEDULED', 'scheduled'],
] as const satisfies readonly (readonly [string, keyof Unended])[];

/** How many missions a squad has that have not ended, by status. Each number leads to them. */
export function SquadCounts({ squad }: { squad: Squad }) {
  const { name, missions } = squad;
  if (!missions) return <p className="dim">How many missions it has is not known now.</p>;
  return (
    <div className={styles.counts}>
      {SHOWN.map(([status, count]) => {
        const { label } = STATUS_LOOKS[status];
        return (
          <Link key={status} className={styles.count} to="/missions" search={{ squad: name, status }}>
            <span>{label}</span> <span>{formatCount(missions[count])}</span>{' '}
            <span className="visually-hidden">missions of {name}</span>
          </Link>
        );
      })}
    </div>
  );
}
