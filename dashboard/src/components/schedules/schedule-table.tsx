import { Link } from '@tanstack/react-router';
import { FullTime, RelativeTime } from '@/components/times';
import type { Schedule } from '@/services/schedules';
import { ScheduleActions } from './schedule-actions';
import { ScheduleState } from './schedule-state';
import { ScheduleWhen } from './schedule-when';
import styles from './schedules.module.css';

export function ScheduleTable({ schedules }: { schedules: Schedule[] }) {
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
          <Row key={schedule.name} schedule={schedule} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ schedule }: { schedule: Schedule }) {
  const { name, mission, nextAt } = schedule;
  return (
    <tr data-schedule={name}>
      <td className="cell-main">
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
      <td className="wide" style={{ whiteSpace: 'normal', minWidth: 185 }}>
        {nextAt === undefined ? <span className="dim">–</span> : <FullTime at={nextAt} />}
      </td>
      <td className="wide">
        <Last schedule={schedule} />
      </td>
      <td>
        <ScheduleState schedule={schedule} />
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
