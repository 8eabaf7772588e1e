// How far this computer's clock is from the commander's. Times on a page are the commander's, and an age that is counted
// against a clock that is wrong would lie. Every answer says what time it is there, to the second; a page of a proxy says its own.

/** What is less is told from neither the seconds that HTTP rounds to, nor from the time that an answer takes. */
const NOTICED = 5_000;
/** An answer that took longer says too little. */
const SLOWEST = 2_000;
/** Measures differ by as much though no clock changed. */
const BLUR = 2_500;

const OURS = /^(application\/(problem\+)?json|text\/event-stream)\b/;

const listeners = new Set<() => void>();
let ahead = 0;

/** Reads the Date header of an answer to a request that was sent at askedAt. */
export function learnClock(answer: Response, askedAt: number): void {
  const answeredAt = Date.now();
  const took = answeredAt - askedAt;
  const there = Date.parse(answer.headers.get('Date') ?? '');
  if (
    Number.isNaN(there) ||
    !OURS.test(answer.headers.get('Content-Type') ?? '') ||
    took < 0 ||
    took > SLOWEST
  )
    return;
  const measured = there + 500 - (askedAt + took / 2);
  if (Math.abs(measured - ahead) <= BLUR) return;
  const next = Math.abs(measured) < NOTICED ? 0 : measured;
  if (next === ahead) return;
  ahead = next;
  for (const listener of listeners) listener();
}

/** So many milliseconds the commander's clock is ahead of this computer's, below 0 behind; 0 while they agree. */
export const clockAhead = (): number => ahead;

/** The time by the commander's clock. */
export const commanderNow = (): number => Date.now() + ahead;

/** For useSyncExternalStore. */
export function subscribeToClock(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
