import { Link } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { formatCount } from '@/components/format';
import { FullTime, RelativeTime } from '@/components/times';
import { useAttention } from '@/hooks/use-queries';
import type { AttentionItem } from '@/services/attention';
import type { Schedule } from '@/services/schedules';
import { ScheduleActions } from './schedule-actions';
import { ScheduleState } from './schedule-state';
import { ScheduleWhen } from './schedule-when';
import styles from './schedules.module.css';

export function ScheduleTable({ schedules }: { schedules: Schedule[] }) {
  // A list leaves the runs out; what needs attention says which schedules skipped some of the last day's.
  const { data: attention } = useAttention();
  const skips = attention?.items.filter(({ code }) => code === 'schedule_skips');
  return (
    <table className="table" aria-label="Schedules">
      <thead>
        <tr>
          <th scope="col">Schedule</th>
          <th scope="col" className="wide">
            Next
          </th>
          <th scope="col" className="wide">
            Last
          </th>
          <th scope="col">State</th>
          <th scope="col" className="wide">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {schedules.map((schedule) => (
          <Row
            key={schedule.name}
            schedule={schedule}
            skips={skips?.find(({ about }) => about.schedule === schedule.name)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({ schedule, skips }: { schedule: Schedule; skips?: AttentionItem }) {
  const { name, mission, nextAt } = schedule;
  return (
    <tr data-schedule={name}>
      <td className={styles.main}>
        <Link to="/schedules/$name" params={{ name }} className="strong wrap">
          {name}
        </Link>
        <div>
          <ScheduleWhen schedule={schedule} />
        </div>
        <div className="sub">
          <span>
            orders {mission.name}
            {mission.kind && ` (${mission.kind})`}
          </span>
          {nextAt !== undefined && (
            <span className="narrow">
              next <RelativeTime at={nextAt} />
            </span>
          )}
          <span className="narrow">
            <Last schedule={schedule} />
          </span>
        </div>
      </td>
      <td className="wide" style={{ whiteSpace: 'normal', minWidth: 215 }}>
        {nextAt === undefined ? <span className="dim">–</span> : <FullTime at={nextAt} />}
      </td>
      <td className="wide">
        <Last schedule={schedule} />
      </td>
      <td>
        <ScheduleState schedule={schedule} />
        {skips && <Skipped item={skips} />}
      </td>
      <td className="wide">
        <div className={styles.rowActions}>
          <ScheduleActions schedule={schedule} />
        </div>
      </td>
    </tr>
  );
}

/** When it last ordered something, and what. */
function Last({ schedule: { lastAt, lastMissionId } }: { schedule: Schedule }) {
  if (lastAt === undefined) return <span className="dim">not run yet</span>;
  return lastMissionId === undefined ? (
    <span>
      ran <RelativeTime at={lastAt} />
    </span>
  ) : (
    <Link to="/missions/$missionId" params={{ missionId: lastMissionId }} preload={false}>
      ran <RelativeTime at={lastAt} />
    </Link>
  );
}

function Skipped({ item: { count = 1, detail } }: { item: AttentionItem }) {
  return (
    <div className={styles.skips} title={detail}>
      <TriangleAlert size={13} aria-hidden="true" />
      <span>
        skipped {formatCount(count)} {count === 1 ? 'run' : 'runs'}
        <span className="visually-hidden"> within the last day</span>
      </span>
    </div>
  );
}
