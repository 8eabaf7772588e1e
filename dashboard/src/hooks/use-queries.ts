// The queries of the app. Each waits for the event stream before its first fetch, so
// that nothing that happens in between is lost; none polls.

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useLive } from '@/live/live-context';
import { fetchHealth, healthKey } from '@/services/health';
import { fetchHistory, type History, historyKeys } from '@/services/history';
import { fetchMission, fetchMissions, type MissionFilter, missionKeys } from '@/services/missions';
import { fetchSoldiers, soldiersKey } from '@/services/soldiers';
import { fetchStats, statsKey } from '@/services/stats';

export function useMissions(filter: MissionFilter) {
  const live = useLive();
  return useInfiniteQuery({
    queryKey: missionKeys.list(filter),
    queryFn: async ({ pageParam, signal }) => {
      await live.ready(signal);
      return fetchMissions(filter, pageParam, signal);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
}

export function useMission(id: string) {
  const live = useLive();
  return useQuery({
    queryKey: missionKeys.detail(id),
    queryFn: async ({ signal }) => {
      await live.ready(signal);
      return fetchMission(id, signal);
    },
  });
}

/** The history as of a version of the mission; undefined until the mission is known. */
export function useHistory(missionId: string, version: number | undefined) {
  return useQuery({
    queryKey: historyKeys.at(missionId, version ?? 0),
    queryFn: ({ signal }) => fetchHistory(missionId, signal),
    enabled: version !== undefined,
    // The lines of the version before stay until the new ones are there.
    placeholderData: (previous: History | undefined, query) =>
      query?.queryKey[1] === missionId ? previous : undefined,
    gcTime: 30_000,
  });
}

export function useStats() {
  const live = useLive();
  return useQuery({
    queryKey: statsKey,
    queryFn: async ({ signal }) => {
      await live.readyForPushed(signal);
      return fetchStats(signal);
    },
  });
}

export function useSoldiers() {
  const live = useLive();
  return useQuery({
    queryKey: soldiersKey,
    queryFn: async ({ signal }) => {
      await live.readyForPushed(signal);
      return fetchSoldiers(signal);
    },
  });
}

export function useHealth() {
  const live = useLive();
  return useQuery({
    queryKey: healthKey,
    queryFn: async ({ signal }) => {
      await live.readyForPushed(signal);
      return fetchHealth(signal);
    },
  });
}
