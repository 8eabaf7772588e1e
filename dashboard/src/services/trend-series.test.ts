import { describe, expect, it } from 'vitest';
import { trendSeries } from './trend-series';
import type { TrendPoint } from './trends';

const point = (at: number, part: Partial<TrendPoint> = {}): TrendPoint => ({
  at,
  created: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  ...part,
});

const series = (points: TrendPoint[]) =>
  trendSeries({ range: '1h', stepSeconds: 10, points, degraded: false });

describe('trendSeries', () => {
  it('counts by second, and leaves a gap where nobody wrote', () => {
    const s = series([point(0, { completed: 50 }), point(30_000, { completed: 5 })]);
    expect(s.times).toEqual([0, 10_000, 20_000, 30_000]);
    expect(s.completed).toEqual([5, null, null, 0.5]);
  });

  it('knows no success rate where nothing ended', () => {
    const s = series([point(0, { completed: 9, failed: 1 }), point(10_000), point(20_000, { failed: 1 })]);
    expect(s.successRate).toEqual([90, null, 0]);
  });

  it('tells what was not measured from 0', () => {
    const s = series([point(0, { queued: 0 }), point(10_000)]);
    expect(s.queued).toEqual([0, null]);
    expect(s.wait.p99).toEqual([null, null]);
  });

  it('is empty where nothing is known', () => {
    expect(series([]).times).toEqual([]);
  });
});
