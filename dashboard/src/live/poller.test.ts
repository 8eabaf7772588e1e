import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Poller } from './poller';

let rounds: { answer: (whole: boolean) => void }[];
let poller: Poller;

beforeEach(() => {
  vi.useFakeTimers();
  rounds = [];
  poller = new Poller(() => new Promise((answer) => rounds.push({ answer })));
});
afterEach(() => poller.stop());

const answer = async (whole: boolean) => {
  rounds.at(-1)?.answer(whole);
  await vi.advanceTimersByTimeAsync(0);
};

it('asks again 5 s after the answer, however long that took', async () => {
  poller.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rounds).toHaveLength(1);
  await answer(true);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(rounds).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(rounds).toHaveLength(2);
});

it('asks less often while answers are missing, and as before when they come', async () => {
  poller.start();
  const gaps: number[] = [];
  for (const whole of [false, false, false, true]) {
    await answer(whole);
    const before = rounds.length;
    let waited = 0;
    for (; rounds.length === before; waited += 500) await vi.advanceTimersByTimeAsync(500);
    gaps.push(waited);
  }
  expect(gaps).toEqual([10_000, 20_000, 30_000, 5_000]);
});

it('has one loop, though it was stopped and started during a round', async () => {
  poller.start();
  poller.stop();
  poller.start();
  for (const { answer: give } of rounds) give(true);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(rounds).toHaveLength(3);
  poller.stop();
  await answer(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rounds).toHaveLength(3);
});
