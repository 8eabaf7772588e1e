import { Link } from '@tanstack/react-router';
import { formatAbsolute } from '@/components/format';
import { FullTime } from '@/components/times';
import { useZone } from '@/hooks/use-zone';
import type { ScheduleRun } from '@/services/schedules';
import styles from './schedules.module.css';

const WHY: Record<string, string> = {
  missed: 'missed: no commander could order it in time',
  overlap: 'skipped: the last mission had not ended',
  refused: 'refused: the mission could not be created',
};

const why = (run: ScheduleRun) =>
  run.skipped === undefined ? 'ordered' : (WHY[run.skipped] ?? `skipped: ${run.skipped}`);

/** The latest runs as a strip, oldest at the left, and in words below it, newest first. */
export function RunStrip({ runs }: { runs: ScheduleRun[] }) {
  const zone = useZone();
  if (runs.length === 0) return <p className="dim">It has not run yet.</p>;
  return (
    <>
      {/* The list below says the same in words. */}
      <ol className={styles.strip} aria-hidden="true">
        {runs.map((run) => (
          <li key={run.at}>
            <span
              data-skipped={(run.skipped !== undefined && run.skipped !== 'refused') || undefined}
              data-refused={run.skipped === 'refused' || undefined}
              title={`${formatAbsolute(run.at, zone)}: ${why(run)}`}
            />
          </li>
        ))}
      </ol>
      <ol className={styles.runs} aria-label="Latest runs">
        {runs.map((run) => (
          <Run key={run.at} run={run} />
        ))}
      </ol>
    </>
  );
}

function Run({ run }: { run: ScheduleRun }) {
  return (
    <li className={styles.run} data-skipped={run.skipped}>
      <FullTime at={run.at} />
      {run.missionId !== undefined ? (
        <Link to="/missions/$missionId" params={{ missionId: run.missionId }} preload={false}>
          ordered <span className="mono">…{run.missionId.slice(-8)}</span>
        </Link>
      ) : (
        <span className={run.skipped === 'refused' ? styles.refused : styles.skipped}>{why(run)}</span>
      )}
      {run.until !== undefined && (
        <span className="dim">
          and all until <FullTime at={run.until} />
        </span>
      )}
      {run.detail && <span className="dim wrap">{run.detail}</span>}
    </li>
  );
}
