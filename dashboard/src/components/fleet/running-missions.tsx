import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Running } from '@/services/soldiers';
import styles from './fleet.module.css';

const SHOWN = 6;

/** What a soldier runs, as links; many are folded away. */
export function RunningMissions({ running }: { running: Running[] }) {
  const [all, setAll] = useState(false);
  if (running.length === 0) return <span className="dim">nothing</span>;
  const more = running.length - SHOWN;
  return (
    <span className={styles.running}>
      {(all ? running : running.slice(0, SHOWN)).map(({ missionId }) => (
        <Link
          key={missionId}
          to="/missions/$missionId"
          params={{ missionId }}
          className="mono"
          title={missionId}
          preload={false}
        >
          …{missionId.slice(-8)}
        </Link>
      ))}
      {more > 0 && (
        <button type="button" className={styles.more} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'fewer' : `and ${more} more`}
        </button>
      )}
    </span>
  );
}
