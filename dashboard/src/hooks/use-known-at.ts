import { useLive, useStreamStatus } from '@/live/live-context';
import { useClockAhead, useNow } from './use-now';
import { useHealth } from './use-queries';

/**
 * Until when it is known what became of soldiers: now, or since when nobody tells, because the stream broke, the reader
 * paused it, or Redis is away. Who was not heard after that may well have spoken.
 */
export function useKnownAt(): number {
  const now = useNow();
  const ahead = useClockAhead();
  const { phase, isPaused } = useStreamStatus();
  const { asOf } = useLive().getState();
  const redis = useHealth().data?.checks.redis;
  const isTold = !isPaused && (phase === 'live' || phase === 'polling');
  const told = isTold || asOf === undefined ? now : Math.min(now, asOf + ahead);
  return redis?.status === 'down' && redis.since !== undefined ? Math.min(told, redis.since) : told;
}
