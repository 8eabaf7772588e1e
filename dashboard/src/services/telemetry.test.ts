import { expect, it } from 'vitest';
import { KEPT_LINES, mergeTelemetry, type Telemetry } from './telemetry';

const line = (number: number) =>
  ({ number, attempt: 1, run: 1, at: 0, level: 'info', text: `line ${number}`, cut: false }) as const;
const told = (part: Partial<Telemetry>, ...lines: number[]): Telemetry => ({
  missionId: 'm',
  run: 1,
  progress: 0,
  lines: lines.map(line),
  dropped: 0,
  ...part,
});
const numbers = (telemetry: Telemetry) => telemetry.lines.map((l) => l.number);

it('has each line once, by number, in whatever order they came', () => {
  expect(numbers(mergeTelemetry(told({}, 1, 2), told({}, 3)))).toEqual([1, 2, 3]);
  expect(numbers(mergeTelemetry(told({}, 4, 5), told({}, 1, 2, 4)))).toEqual([1, 2, 4, 5]);
  expect(mergeTelemetry(told({ dropped: 7 }), told({ dropped: 3 })).dropped).toBe(7);
});

it('keeps the newest lines', () => {
  const many = Array.from({ length: KEPT_LINES }, (_, i) => i + 1);
  expect(numbers(mergeTelemetry(told({}, ...many), told({}, KEPT_LINES + 1)))[0]).toBe(2);
});

it("has the later run's progress, and the further one of the same run", () => {
  const now = mergeTelemetry(told({ run: 2, progress: 40, progressText: 'forty' }), told({ run: 0 }, 1));
  expect(now).toMatchObject({ run: 2, progress: 40, progressText: 'forty' });
  expect(mergeTelemetry(now, told({ run: 3, progress: 5 })).progress).toBe(5);
  expect(mergeTelemetry(now, told({ run: 2, progress: 30 })).progress).toBe(40);
});
