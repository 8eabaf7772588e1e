import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clockAhead, commanderNow, learnClock } from './clock';

const NOW = Date.UTC(2026, 10, 29, 12, 0, 0);
const answer = (there: number | string, type = 'application/json') =>
  new Response('', {
    headers: {
      'Content-Type': type,
      Date: typeof there === 'string' ? there : new Date(there).toUTCString(),
    },
  });

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => learnClock(answer(Date.now()), Date.now())); // the next test begins with clocks that agree

it('knows how far a wrong clock is off, to a second', () => {
  learnClock(answer(NOW + 180_000), NOW);
  expect(clockAhead()).toBe(180_500);
  expect(commanderNow()).toBe(NOW + 180_500);
});

it('takes what rounding and the way explain for clocks that agree', () => {
  learnClock(answer(NOW - 4_000), NOW - 1_500);
  expect(clockAhead()).toBe(0);
});

it('stays where it is while measures differ by less than they blur, and follows a clock that was set', () => {
  learnClock(answer(NOW - 180_000), NOW);
  learnClock(answer(NOW - 178_000), NOW - 400);
  expect(clockAhead()).toBe(-179_500);
  learnClock(answer(NOW), NOW);
  expect(clockAhead()).toBe(0);
});

it('learns nothing from an answer that took long, names no time, or is of somebody on the way', () => {
  learnClock(answer(NOW + 180_000), NOW - 3_000);
  learnClock(answer('soon'), NOW);
  learnClock(answer(NOW + 180_000, 'text/html'), NOW);
  expect(clockAhead()).toBe(0);
});
