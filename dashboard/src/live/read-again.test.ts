import { QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError } from '@/services/api';
import { newQueryClient } from '@/services/query-client';
import { ReadAgain } from './read-again';

const away = () =>
  new ApiError({ kind: 'problem', status: 503, code: 'store_unavailable', message: 'Redis is away.' });

let answers: (() => { degraded: boolean })[];
let asked: number;
let mayRead: boolean;
let readAgain: ReadAgain;
let leave: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  asked = 0;
  mayRead = true;
});
afterEach(() => {
  leave();
  readAgain.stop();
  vi.useRealTimers();
});

/** Shows a query whose answers are those, the last one again and again. */
async function show(key: string, ...given: (() => { degraded: boolean })[]): Promise<() => unknown> {
  answers = given;
  const client = newQueryClient();
  readAgain = new ReadAgain(client, () => mayRead);
  const unsubscribe = client.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated') return;
    if (event.action.type === 'success' || event.action.type === 'error') readAgain.look(event.query);
  });
  const observer = new QueryObserver(client, {
    queryKey: [key],
    retry: false,
    queryFn: () => {
      asked += 1;
      return (answers.length > 1 ? answers.shift() : answers[0])?.();
    },
  });
  const forget = observer.subscribe(() => {});
  leave = () => {
    forget();
    unsubscribe();
  };
  await vi.advanceTimersByTimeAsync(0);
  return () => client.getQueryData([key]);
}

const fromMemory = () => ({ degraded: true });
const fromRedis = () => ({ degraded: false });
const failed = () => {
  throw away();
};

it('reads what came from memory again, and is quiet once it did not', async () => {
  const shown = await show('missions', fromMemory, fromMemory, fromRedis);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(shown()).toEqual({ degraded: false });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(3);
});

it('asks less and less often, once a minute in the end', async () => {
  await show('missions', fromMemory);
  await vi.advanceTimersByTimeAsync((3 + 6 + 12 + 24 + 48) * 1_000);
  expect(asked).toBe(6);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(asked).toBe(16);
});

it('reads what failed in a way that passes, but not what is read only when asked', async () => {
  await show('missions', failed, fromRedis);
  await vi.advanceTimersByTimeAsync(3_100);
  expect(asked).toBe(2);
  leave();
  asked = 0;
  await show('set-aside', failed, fromRedis);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(1);
});

it('reads nothing while it may not, and at once when it is told to', async () => {
  mayRead = false;
  const shown = await show('missions', fromMemory, fromRedis);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(1);
  mayRead = true;
  readAgain.now();
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual({ degraded: false });
});

it('reads nothing where that stopped being allowed meanwhile', async () => {
  await show('missions', fromMemory);
  mayRead = false;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(1);
});
