import { useMemo } from 'react';
import { formatCompact, formatDuration, formatRate, ROUND_LENGTHS } from '@/components/format';
import { Failure, Loading } from '@/components/states';
import { useTrends } from '@/hooks/use-queries';
import { trendSeries } from '@/services/trend-series';
import type { Percentiles, Range } from '@/services/trends';
import { Plot, type PlotSeries } from './plot';
import styles from './trend-plots.module.css';

const HOUR = 3_600_000;
const SPANS: Record<Range, number> = { '1h': HOUR, '6h': 6 * HOUR, '24h': 24 * HOUR, '7d': 168 * HOUR };

/** How it went over the time that range names. */
export function TrendPlots({ range }: { range: Range }) {
  const trends = useTrends(range);
  const series = useMemo(() => trends.data && trendSeries(trends.data), [trends.data]);
  if (!series) {
    return trends.isError ? (
      <Failure
        what="The plots"
        error={trends.error}
        onRetry={() => void trends.refetch()}
        busy={trends.isFetching}
      />
    ) : (
      <div className={styles.waiting}>
        <Loading label="Loading plots" rows={10} />
      </div>
    );
  }
  const { times } = series;
  const span = SPANS[range];
  return (
    <div className={styles.plots} aria-busy={trends.isFetching}>
      <Plot
        title="Throughput"
        unit="missions a second"
        format={formatRate}
        times={times}
        span={span}
        series={[
          { label: 'created', color: '--run-fg', values: series.created, dash: 'dashed' },
          { label: 'completed', color: '--ok-fg', values: series.completed, filled: true },
          { label: 'failed', color: '--bad-fg', values: series.failed, dash: 'dotted' },
        ]}
      />
      <Plot
        title="Success rate"
        unit="of the missions that ended, without cancelled ones"
        format={formatPercent}
        atMost={100}
        times={times}
        span={span}
        series={[{ label: 'succeeded', color: '--ok-fg', values: series.successRate, filled: true }]}
      />
      <Plot
        title="Waiting for a soldier"
        unit="from due to started"
        format={formatDuration}
        times={times}
        span={span}
        steps={ROUND_LENGTHS}
        series={percentiles(series.wait)}
      />
      <Plot
        title="Run time"
        unit="from started to ended"
        format={formatDuration}
        times={times}
        span={span}
        steps={ROUND_LENGTHS}
        series={percentiles(series.run)}
      />
      <Plot
        title="Missions under way"
        unit="at the end of each step"
        format={formatCompact}
        times={times}
        span={span}
        series={[
          { label: 'queued', color: '--wait-fg', values: series.queued, filled: true },
          { label: 'in progress', color: '--run-fg', values: series.inProgress },
          { label: 'slots', color: '--calm-fg', values: series.slots, dash: 'dotted' },
        ]}
      />
      <Plot
        title="Oldest waiting"
        unit="age of the oldest queued mission"
        format={formatDuration}
        steps={ROUND_LENGTHS}
        times={times}
        span={span}
        series={[{ label: 'oldest', color: '--wait-fg', values: series.oldestQueued, filled: true }]}
      />
    </div>
  );
}

const formatPercent = (value: number) =>
  `${value.toFixed(value > 99 && value < 100 ? 2 : value % 1 ? 1 : 0)} %`;

const percentiles = (of: Record<keyof Percentiles, (number | null)[]>): PlotSeries[] => [
  { label: 'half', color: '--run-fg', values: of.p50 },
  { label: '95 %', color: '--plan-fg', values: of.p95, dash: 'dashed' },
  { label: '99 %', color: '--bad-fg', values: of.p99, dash: 'dotted' },
];
