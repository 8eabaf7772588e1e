import { describe, expect, it } from 'vitest';
import { trendSchema, trendsSchema } from '@/services/trends';
import { wirePoint, wireTrends } from '@/test/factories/system';
import { applyStep, stepOf } from './apply-trend';

const BEGIN = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds: number) => new Date(BEGIN + seconds * 1_000).toISOString();
const hour = (...seconds: number[]) =>
  trendsSchema.parse(
    wireTrends(
      '1h',
      seconds.map((s) => wirePoint({ at: at(s) })),
    ),
  );
const step = (seconds: number, created = 3) =>
  trendSchema.parse({ step_seconds: 10, point: wirePoint({ at: at(seconds), created }) });
const times = (trends = hour()) => trends?.points.map((p) => (p.at - BEGIN) / 1_000);

describe('a step that ended', () => {
  it('is added to the hour, and what is older than an hour goes', () => {
    expect(times(applyStep(hour(0, 10, 3_590), step(3_600)))).toEqual([10, 3_590, 3_600]);
    expect(times(applyStep(hour(), step(0)))).toEqual([0]);
  });

  it('replaces itself', () => {
    const after = applyStep(hour(0, 10), step(10, 9));
    expect(times(after)).toEqual([0, 10]);
    expect(after?.points[1]?.created).toBe(9);
  });

  it('is not added where steps between are not known', () => {
    expect(applyStep(hour(0, 10), step(30))).toBeUndefined();
  });

  it('completes a step of a longer range now and then', () => {
    expect([30, 40, 50, 60].map((s) => stepOf('6h', step(s)) - stepOf('6h', step(30)))).toEqual([0, 0, 1, 1]);
  });
});
