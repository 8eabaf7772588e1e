import { QueryClient } from '@tanstack/react-query';
import { afterEach, expect, it, vi } from 'vitest';
import { CatchUp } from './catch-up';
import { MissionCache } from './mission-cache';

afterEach(() => void vi.useRealTimers());

it('asks about removals as soon as ever though the clock was set back', async () => {
  vi.useFakeTimers();
  const client = new QueryClient();
  const catchUp = new CatchUp(client, new MissionCache(client));
  const more = vi.spyOn(catchUp, 'more');
  catchUp.removed();
  await vi.advanceTimersByTimeAsync(0);
  expect(more).toHaveBeenCalledTimes(1);
  vi.setSystemTime(Date.now() - 3_600_000);
  catchUp.removed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(more).toHaveBeenCalledTimes(2);
  catchUp.stop();
});
