// Trends as columns for plots. Steps that nobody wrote down stand in them as gaps, so that a time without a commander
// does not look like a time without missions.

import type { Percentiles, TrendPoint, Trends } from './trends';

export interface TrendSeries {
  times: number[];
  created: (number | null)[];
  completed: (number | null)[];
  failed: (number | null)[];
  /** Of 100; a gap where nothing ended. */
  successRate: (number | null)[];
  wait: Record<keyof Percentiles, (number | null)[]>;
  run: Record<keyof Percentiles, (number | null)[]>;
  queued: (number | null)[];
  inProgress: (number | null)[];
  slots: (number | null)[];
  /** Milliseconds, as all lengths of time are. */
  oldestQueued: (number | null)[];
}

/** Numbers of missions are by second. */
export function trendSeries({ points, stepSeconds }: Trends): TrendSeries {
  const steps = fill(points, stepSeconds * 1_000);
  const column = (of: (point: TrendPoint) => number | undefined) =>
    steps.map(({ point }) => (point && of(point)) ?? null);
  const percentiles = (of: (point: TrendPoint) => Percentiles | undefined) => ({
    p50: column((point) => of(point)?.p50),
    p95: column((point) => of(point)?.p95),
    p99: column((point) => of(point)?.p99),
  });
  return {
    times: steps.map(({ at }) => at),
    created: column((point) => point.created / stepSeconds),
    completed: column((point) => point.completed / stepSeconds),
    failed: column((point) => point.failed / stepSeconds),
    successRate: column(({ completed, failed }) =>
      completed + failed > 0 ? (100 * completed) / (completed + failed) : undefined,
    ),
    wait: percentiles((point) => point.waitMs),
    run: percentiles((point) => point.runMs),
    queued: column((point) => point.queued),
    inProgress: column((point) => point.inProgress),
    slots: column((point) => point.slots),
    oldestQueued: column(({ oldestQueuedSeconds: age }) => (age === undefined ? undefined : age * 1_000)),
  };
}

function fill(points: TrendPoint[], step: number): { at: number; point?: TrendPoint }[] {
  const filled: { at: number; point?: TrendPoint }[] = [];
  let next = points[0]?.at ?? 0;
  for (const point of points) {
    for (; next < point.at; next += step) filled.push({ at: next });
    filled.push({ at: point.at, point });
    next = point.at + step;
  }
  return filled;
}
