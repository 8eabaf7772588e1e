import { describe, expect, it } from 'vitest';
import type { History, HistoryLine } from '@/services/history';
import { missionSchema } from '@/services/missions';
import { wireMission } from '@/test/factories/mission';
import { ticks, took, toPicture } from './timeline-model';

const T0 = Date.UTC(2030, 0, 1, 12);
const line = (ms: number, status: string, part: Partial<HistoryLine> = {}): HistoryLine => ({
  madeAt: T0 + ms,
  recordedAt: T0 + ms,
  status,
  attempt: 1,
  run: 0,
  refused: false,
  ...part,
});
const history = (...lines: HistoryLine[]): History => ({ lines, dropped: 0 });
const mission = (part: Parameters<typeof wireMission>[0] = {}) =>
  missionSchema.parse(wireMission({ created_at: new Date(T0).toISOString(), ...part }));

const accepted = line(0, 'QUEUED', { message: 'accepted' });
const granted = (ms: number, run = 1, attempt = run) =>
  line(ms, 'IN_PROGRESS', { code: 'granted', run, attempt, soldierId: `soldier-${run}` });

describe('toPicture', () => {
  it('has a row for each run, with the waits before it and its outcome', () => {
    const picture = toPicture(
      history(
        accepted,
        granted(20),
        line(1_020, 'SCHEDULED', { code: 'retry', run: 1, message: 'failed: no luck' }),
        line(3_020, 'QUEUED', { code: 'time_come', attempt: 2, run: 1 }),
        granted(3_050, 2),
        line(4_050, 'COMPLETED', { code: 'completed', attempt: 2, run: 2 }),
      ),
      mission({ status: 'COMPLETED' }),
      T0 + 99_000,
    );
    expect(picture).toMatchObject({ from: T0, to: T0 + 4_050, now: undefined, marks: [] });
    expect(picture.rows.map((row) => [row.run, row.attempt, row.soldierId, row.outcome?.word])).toEqual([
      [1, 1, 'soldier-1', 'Failed, retried'],
      [2, 2, 'soldier-2', 'Completed'],
    ]);
    expect(picture.rows[0]?.outcome?.message).toBe('failed: no luck');
    expect(picture.rows[1]?.segments.map(({ kind, from, to }) => [kind, from - T0, to - T0])).toEqual([
      ['retry', 1_020, 3_020],
      ['queue', 3_020, 3_050],
      ['run', 3_050, 4_050],
    ]);
    expect(took(picture.rows[1] as never, undefined, 'retry', 'queue')).toBe(2_030);
    expect(took(picture.rows[1] as never, undefined, 'lost')).toBeUndefined();
  });

  it('grows until now while it runs', () => {
    const picture = toPicture(history(accepted, granted(20)), mission({ status: 'IN_PROGRESS' }), T0 + 5_000);
    expect(picture).toMatchObject({ to: T0 + 5_000, now: T0 + 5_000 });
    expect(picture.rows[0]?.segments.at(-1)).toEqual({
      kind: 'run',
      from: T0 + 20,
      to: T0 + 5_000,
      open: true,
    });
  });

  it('reaches to the planned start, with now before it', () => {
    const picture = toPicture(
      history(line(0, 'SCHEDULED', { message: 'accepted' })),
      mission({ status: 'SCHEDULED', run_at: new Date(T0 + 60_000).toISOString() }),
      T0 + 5_000,
    );
    expect(picture).toMatchObject({ to: T0 + 60_000, now: T0 + 5_000 });
    expect(picture.rows[0]?.segments[0]?.kind).toBe('start');
    expect(took(picture.rows[0] as never, picture.now, 'start')).toBe(5_000);
  });

  it('marks cancels, refused updates and an operator’s retry, and leaves the time between unfilled', () => {
    const picture = toPicture(
      history(
        accepted,
        granted(20),
        line(500, 'IN_PROGRESS', { message: 'cancel requested', run: 1 }),
        line(700, 'CANCELLED', { code: 'cancel', run: 1 }),
        line(800, 'COMPLETED', { code: 'stale_run', refused: true, message: 'run 1 is over' }),
        line(9_000, 'QUEUED', { code: 'operator_retry', attempt: 2, run: 1 }),
      ),
      mission({ status: 'QUEUED' }),
      T0 + 10_000,
    );
    expect(picture.marks.map(({ kind, at, text }) => [kind, at - T0, text])).toEqual([
      ['cancel', 500, 'cancel requested'],
      ['refused', 800, 'Refused COMPLETED: run 1 is over'],
      ['retry', 9_000, 'sent out again'],
    ]);
    expect(picture.rows.map((row) => row.outcome?.word)).toEqual(['Cancelled', undefined]);
    expect(picture.rows[1]).toMatchObject({ run: 0, attempt: 2, segments: [{ from: T0 + 9_000 }] });
  });

  it('gives a mission that ended without a run its outcome', () => {
    const picture = toPicture(
      history(accepted, line(700, 'CANCELLED', { code: 'cancel' })),
      mission({ status: 'CANCELLED' }),
      T0,
    );
    expect(picture.rows).toMatchObject([{ run: 0, outcome: { word: 'Cancelled' } }]);
  });

  it('shows where lines were dropped', () => {
    const flapping = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? line(i * 10, 'QUEUED', { code: 'released' }) : granted(i * 10, (i + 1) / 2, 1),
    );
    const lines = [...flapping, line(9_000, 'QUEUED', { code: 'lost', run: 90 }), granted(9_010, 91, 1)];
    const picture = toPicture({ lines, dropped: 160 }, mission({ status: 'IN_PROGRESS' }), T0 + 9_500);
    expect(picture.rows.at(-2)?.segments.at(-1)).toMatchObject({ kind: 'lost', to: T0 + 9_000 });
    expect(picture.rows.at(-1)).toMatchObject({ run: 91 });
  });

  it('does not run backwards where clocks differ', () => {
    const picture = toPicture(
      history(accepted, granted(500), line(400, 'COMPLETED', { code: 'completed', run: 1 })),
      mission({ status: 'COMPLETED' }),
      T0,
    );
    for (const { from, to } of picture.rows.flatMap((row) => row.segments))
      expect(to).toBeGreaterThanOrEqual(from);
  });

  it('has a length even for what took none', () => {
    const picture = toPicture(history(accepted), mission(), T0);
    expect(picture.to).toBeGreaterThan(picture.from);
  });
});

describe('ticks', () => {
  it.each([
    [50, [0, 20, 40]],
    [1_000, [0, 500, 1_000]],
    [4_050, [0, 2_000, 4_000]],
    [3 * 86_400_000, [0, 86_400_000, 172_800_000, 259_200_000]],
  ])('are round for %d ms', (span, expected) => expect(ticks(span, 4)).toEqual(expected));
});
