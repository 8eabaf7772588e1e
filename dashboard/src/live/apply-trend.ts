// What a step of 10 s that has just ended does to the numbers over time. Pure functions.

import type { Range, TrendPoint, Trends } from '@/services/trends';

export interface Step {
  stepSeconds: number;
  point: TrendPoint;
}

const HOUR_MS = 3_600_000;

/** How long the steps of a range are. The hour's are those that the stream brings. */
export const STEP_MS: Readonly<Record<Range, number>> = {
  '1h': 10_000,
  '6h': 60_000,
  '24h': 300_000,
  '7d': 1_800_000,
};

/**
 * Adds the step to the last hour's. Undefined if steps between are not known here, as after a break: they have to
 * be asked for. A step that is there is replaced: the newest may be told again, with what other commanders counted.
 */
export function applyStep(hour: Trends, { point, stepSeconds }: Step): Trends | undefined {
  const last = hour.points.at(-1);
  if (last && point.at - last.at > stepSeconds * 1_000) return undefined;
  const others = hour.points.filter((p) => p.at !== point.at && p.at > point.at - HOUR_MS);
  const points = [...others, point].sort((a, b) => a.at - b.at);
  return { ...hour, points };
}

/** In which step of a range this one ended. When that changes, the one before is complete. */
export const stepOf = (range: Range, { point, stepSeconds }: Step): number =>
  Math.floor((point.at + stepSeconds * 1_000) / STEP_MS[range]);
