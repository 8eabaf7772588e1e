import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { Mission } from '@/services/missions';
import { StatusBadge } from './status-badge';
import { Duration, RelativeTime } from './times';

/** The missions, newest first. On a narrow screen the lesser columns move under the name. */
export function MissionTable({ missions, busy }: { missions: Mission[]; busy: boolean }) {
  return (
    <table className="table missions" aria-label="Missions" aria-busy={busy}>
      <thead>
        <tr>
          <th scope="col">Mission</th>
          <th scope="col">Status</th>
          <th scope="col" className="wide">
            Soldier
          </th>
          <th scope="col" className="wide num">
            Attempt
          </th>
          <th scope="col" className="wide">
            Created
          </th>
          <th scope="col" className="wide num">
            Duration
          </th>
        </tr>
      </thead>
      <tbody>
        {missions.map((mission) => (
          <Row key={mission.id} mission={mission} />
        ))}
      </tbody>
    </table>
  );
}

// Live changes replace only the missions that changed, so the other rows are not drawn again.
const Row = memo(function Row({ mission }: { mission: Mission }) {
  return (
    <tr data-mission-id={mission.id} className="row">
      <td className="cell-main">
        <Link
          to="/missions/$missionId"
          params={{ missionId: mission.id }}
          className="row-link"
          preload={false}
        >
          {mission.name}
        </Link>
        <div className="sub">
          <span>{mission.kind}</span>
          {mission.squad !== 'default' && <span>squad {mission.squad}</span>}
          <span className="narrow">
            <RelativeTime at={mission.createdAt} />
          </span>
          {mission.soldierId && <span className="narrow">{mission.soldierId}</span>}
          {mission.startedAt !== undefined && (
            <span className="narrow">
              <Duration from={mission.startedAt} to={mission.finishedAt} />
            </span>
          )}
        </div>
      </td>
      <td>
        <StatusBadge status={mission.status} />
        <Remark mission={mission} />
      </td>
      <td className="wide mono">{mission.soldierId ?? <span className="dim">–</span>}</td>
      <td className="wide num">
        {mission.attempt}
        {mission.maxAttempts > 1 && <span className="dim"> of {mission.maxAttempts}</span>}
      </td>
      <td className="wide">
        <RelativeTime at={mission.createdAt} />
      </td>
      <td className="wide num">
        <Duration from={mission.startedAt} to={mission.finishedAt} />
      </td>
    </tr>
  );
});

/** What the status alone does not say. */
function Remark({ mission }: { mission: Mission }) {
  if (mission.cancelRequested && mission.status === 'IN_PROGRESS')
    return <div className="sub">cancel requested</div>;
  if (mission.status === 'IN_PROGRESS' && mission.progress > 0)
    return <div className="sub">{Math.round(mission.progress)} %</div>;
  if (mission.status === 'FAILED' && mission.error) return <div className="sub">{mission.error.code}</div>;
  if (mission.statusReason) return <div className="sub">{mission.statusReason}</div>;
  return null;
}
