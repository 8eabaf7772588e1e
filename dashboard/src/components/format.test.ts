import { describe, expect, it } from 'vitest';
import { formatDuration, formatElapsed, formatRelative } from './format';

describe('format', () => {
  it.each([
    [0, '0 ms'],
    [420, '420 ms'],
    [8_449, '8.4 s'],
    [9_999, '9.9 s'],
    [10_400, '10 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [3 * 3_600_000 + 720_000, '3 h 12 min'],
    [52 * 3_600_000, '2 d 4 h'],
    [-5, '0 ms'],
  ])('duration %d ms', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [400, '0 s'],
    [8_900, '8 s'],
    [61_000, '1 min 1 s'],
  ])('elapsed %d ms', (ms, text) => expect(formatElapsed(ms)).toBe(text));

  it.each([
    [0, 'just now'],
    [-2_500, 'just now'], // a clock that differs
    [12_000, '12 s ago'],
    [130_000, '2 min ago'],
    [26 * 3_600_000, '1 d ago'],
    [-300_000, 'in 5 min'],
  ])('relative %d ms ago', (ago, text) =>
    expect(formatRelative(1_000_000_000, 1_000_000_000 + ago)).toBe(text),
  );
});
