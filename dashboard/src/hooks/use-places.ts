// The queries of what is not pushed: one schedule, limits by key, what was set aside.

import { useQuery } from '@tanstack/react-query';
import { fetchLimits, limitsKey } from '@/services/limits';
import { fetchSchedule, type Schedule, scheduleKeys } from '@/services/schedules';
import { fetchSetAside, setAsideKeys, type Which } from '@/services/set-aside';
import { useSchedules } from './use-queries';

/**
 * One schedule with its runs and next times, which the pushed list leaves out: fetched
 * anew whenever the list says that something about it is another.
 */
export function useSchedule(name: string) {
  const list = useSchedules();
  const listed = list.data?.schedules.find((schedule) => schedule.name === name);
  return useQuery<Schedule>({
    queryKey: scheduleKeys.at(name, listed ? mark(listed) : ''),
    queryFn: ({ signal }) => fetchSchedule(name, signal),
    enabled: !list.isPending,
    placeholderData: (previous) => (previous?.name === name ? previous : undefined),
    gcTime: 30_000,
  });
}

const mark = (s: Schedule) => [s.updatedAt, s.nextAt, s.lastAt, s.lastMissionId, s.paused].join(' ');

/** Limits by key are not pushed: what is shown is as old as dataUpdatedAt says. */
export function useLimits() {
  return useQuery({
    queryKey: limitsKey,
    queryFn: ({ signal }) => fetchLimits(signal),
    staleTime: 0,
  });
}

/** Slow, and takes the messages on loan: read on entry and when asked for, never by itself. */
export function useSetAside(which: Partial<Which>) {
  return useQuery({
    queryKey: setAsideKeys.list(which.queue, which.reason),
    queryFn: ({ signal }) => fetchSetAside(which, signal),
    staleTime: 0,
    retry: false,
  });
}
