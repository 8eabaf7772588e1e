import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { formatCount } from '@/components/format';
import { Failure } from '@/components/states';
import { STATUS_LOOKS } from '@/components/status-badge';
import { Duration } from '@/components/times';
import { useSoldiers, useStats } from '@/hooks/use-queries';
import type { MissionStatus } from '@/services/missions';
import type { Stats } from '@/services/stats';
import styles from './status-tiles.module.css';

/** How many missions there are by status. Each tile leads to them. */
export function StatusTiles() {
  const stats = useStats();
  if (stats.isError && !stats.data) {
    return (
      <section className="panel" aria-label="Missions by status">
        <Failure
          what="The counts"
          error={stats.error}
          onRetry={() => void stats.refetch()}
          busy={stats.isFetching}
        />
      </section>
    );
  }
  return (
    <section className={styles.tiles} aria-label="Missions by status" aria-busy={!stats.data}>
      {(['QUEUED', 'IN_PROGRESS', 'SCHEDULED', 'COMPLETED', 'FAILED', 'CANCELLED'] as const).map((status) => (
        <Tile key={status} status={status} stats={stats.data} />
      ))}
    </section>
  );
}

function Tile({ status, stats }: { status: MissionStatus; stats?: Stats }) {
  const { label, icon: Icon } = STATUS_LOOKS[status];
  return (
    <Link to="/missions" search={{ status }} className={styles.tile} data-status={status}>
      <span className={styles.label}>
        <Icon size={15} aria-hidden="true" />
        {label}
      </span>{' '}
      <span className={styles.count}>{stats ? formatCount(stats.counts[status]) : '–'}</span>{' '}
      <span className={styles.note}>{stats ? <Note status={status} stats={stats} /> : '\u00a0'}</span>
    </Link>
  );
}

function Note({ status, stats }: { status: MissionStatus; stats: Stats }): ReactNode {
  switch (status) {
    case 'QUEUED':
      return stats.oldestQueued ? (
        <>
          oldest <Duration from={stats.oldestQueued.createdAt} />
        </>
      ) : (
        'none waits'
      );
    case 'IN_PROGRESS':
      return <Slots />;
    case 'SCHEDULED':
      return 'for later';
    case 'COMPLETED':
      return `${formatCount(stats.rates.completedPerMinute)} last minute`;
    case 'FAILED':
      return `${formatCount(stats.rates.failedPerMinute)} last minute`;
    case 'CANCELLED':
      return 'by request';
  }
}

function Slots() {
  const { data: soldiers } = useSoldiers();
  if (!soldiers) return '\u00a0';
  const slots = soldiers.reduce((sum, s) => sum + (s.live ? s.slots : 0), 0);
  return slots === 0 ? 'no soldier is live' : `of ${formatCount(slots)} slots`;
}
