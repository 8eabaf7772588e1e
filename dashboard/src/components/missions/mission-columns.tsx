// The columns of the missions' list. Those after the status are "wide": on a narrow
// screen they are left out, and the name says below what matters of them.

import { Link } from '@tanstack/react-router';
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { StatusBadge } from '@/components/status-badge';
import { Duration, RelativeTime } from '@/components/times';
import type { Mission } from '@/services/missions';
import styles from './mission-table.module.css';

export const features = tableFeatures({ columnVisibilityFeature });

interface Look {
  /** In rem; the name takes what is left. */
  width?: number;
  className?: string;
}

const helper = createColumnHelper<typeof features, Mission>();

const LOOKS: Record<string, Look> = {
  status: { className: styles.status },
};

/** How a column's cells look. */
export const lookOf = (id: string): Look => LOOKS[id] ?? {};

function wide(id: string, header: string, width: number, cell: (mission: Mission) => ReactNode, num = false) {
  LOOKS[id] = { width, className: num ? 'wide num' : 'wide' };
  return helper.display({ id, header, cell: ({ row }) => cell(row.original) });
}

const dash = <span className="dim">–</span>;
const text = (value: string | undefined) => (value ? <span title={value}>{value}</span> : dash);

export const columns = helper.columns([
  helper.display({
    id: 'mission',
    header: 'Mission',
    enableHiding: false,
    cell: ({ row }) => <Name mission={row.original} />,
  }),
  helper.display({
    id: 'status',
    header: 'Status',
    enableHiding: false,
    cell: ({ row }) => (
      <>
        <StatusBadge status={row.original.status} />
        <Remark mission={row.original} />
      </>
    ),
  }),
  wide('kind', 'Kind', 8, (mission) => text(mission.kind)),
  wide('squad', 'Squad', 7, (mission) => text(mission.squad)),
  wide('priority', 'Priority', 5.5, (mission) => text(mission.priority)),
  wide('labels', 'Labels', 10, (mission) => text(labelText(mission))),
  wide('soldier', 'Soldier', 9.5, (mission) => <span className="mono">{text(mission.soldierId)}</span>),
  wide(
    'attempt',
    'Attempt',
    5,
    (mission) => (
      <>
        {mission.attempt}
        {mission.maxAttempts > 1 && <span className="dim"> of {mission.maxAttempts}</span>}
      </>
    ),
    true,
  ),
  wide('created', 'Created', 7.25, (mission) => <RelativeTime at={mission.createdAt} />),
  wide('changed', 'Changed', 7.25, (mission) => <RelativeTime at={mission.updatedAt} />),
  wide(
    'duration',
    'Duration',
    7.75,
    (mission) => <Duration from={mission.startedAt} to={mission.finishedAt} />,
    true,
  ),
  wide('id', 'Id', 19, (mission) => <span className="mono">{text(mission.id)}</span>),
]);

/** What is shown of itself is what most look for first. */
export const DEFAULT_COLUMNS = {
  kind: false,
  squad: false,
  priority: false,
  labels: false,
  changed: false,
  id: false,
};

const labelText = ({ labels }: Mission) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}:${value}`)
    .join(', ');

function Name({ mission }: { mission: Mission }) {
  return (
    <>
      <div className={styles.name}>
        <Link
          to="/missions/$missionId"
          params={{ missionId: mission.id }}
          className={styles.link}
          preload={false}
          title={mission.name}
        >
          {mission.name}
        </Link>
      </div>
      <div className={`sub ${styles.sub}`}>
        <span>{mission.kind}</span>
        {mission.squad !== 'default' && <span>squad {mission.squad}</span>}
        {mission.statusReason && <span title={mission.statusReason}>{mission.statusReason}</span>}
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
    </>
  );
}

/** What the status alone does not say. */
function Remark({ mission }: { mission: Mission }) {
  const remark = remarkOn(mission);
  return remark ? (
    <div className={`sub ${styles.remark}`} title={remark}>
      {remark}
    </div>
  ) : null;
}

function remarkOn(mission: Mission): string | undefined {
  if (mission.status === 'IN_PROGRESS') {
    if (mission.cancelRequested) return 'cancel requested';
    return mission.progress > 0 ? `${Math.round(mission.progress)} %` : undefined;
  }
  return mission.status === 'FAILED' ? mission.error?.code : undefined;
}
