// The queries of the app. Each waits for the event stream before its first fetch, so
// that nothing that happens in between is lost; none polls.

import {
  keepPreviousData,
  type QueryKey,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLive } from '@/live/live-context';
import { attentionKey, fetchAttention } from '@/services/attention';
import { bulkKey, fetchBulkJobs } from '@/services/bulk';
import { fetchHealth, healthKey } from '@/services/health';
import { fetchHistory, type History, historyKeys } from '@/services/history';
import {
  FIRST_PAGE,
  fetchMission,
  fetchMissions,
  type MissionFilter,
  type MissionPage,
  type MissionPages,
  missionKeys,
  type PageParam,
} from '@/services/missions';
import { fetchSchedules, scheduleKeys } from '@/services/schedules';
import { fetchSoldiers, soldiersKey } from '@/services/soldiers';
import { fetchSquads, squadsKey } from '@/services/squads';
import { fetchStats, statsKey } from '@/services/stats';
import { fetchLogs, mergeTelemetry, type Telemetry, telemetryKey } from '@/services/telemetry';
import {
  type FailureRange,
  failureKeys,
  fetchFailures,
  fetchTrends,
  type Range,
  trendKeys,
} from '@/services/trends';

/** A list keeps so many pages; those farthest from where the reader is go, and are fetched again when needed. */
const PAGES_KEPT = 20;

export function useMissions(filter: MissionFilter) {
  const live = useLive();
  return useInfiniteQuery<MissionPage, Error, MissionPages, QueryKey, PageParam>({
    queryKey: missionKeys.list(filter),
    queryFn: async ({ pageParam, signal }) => {
      await live.ready(signal);
      return fetchMissions(filter, pageParam.cursor, signal);
    },
    initialPageParam: FIRST_PAGE,
    getNextPageParam: nextPage,
    getPreviousPageParam: (_, __, param) => param.before,
    maxPages: PAGES_KEPT,
    placeholderData: keepPreviousData,
  });
}

function nextPage(page: MissionPage, _: MissionPage[], param: PageParam): PageParam | undefined {
  if (page.nextCursor === undefined) return undefined;
  return { cursor: page.nextCursor, start: param.start + page.missions.length, before: param };
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

/** Progress and log lines of a mission, followed while the component is shown. */
export function useTelemetry(missionId: string) {
  const live = useLive();
  const client = useQueryClient();
  useEffect(() => live.watch(missionId), [live, missionId]);
  return useQuery({
    queryKey: telemetryKey(missionId),
    queryFn: async ({ signal }): Promise<Telemetry> => {
      await live.ready(signal);
      const logs = await fetchLogs(missionId, signal);
      // Events that came meanwhile are in the cache: neither they nor the answer may win alone.
      const known = client.getQueryData<Telemetry>(telemetryKey(missionId));
      return mergeTelemetry(known, { missionId, run: 0, progress: 0, ...logs });
    },
    gcTime: 30_000,
    refetchOnMount: 'always', // nobody told of its lines while nobody watched
  });
}

/** What each connection brings whole, and again when it changed. Asked for only if it does not come. */
function usePushed<T>(queryKey: QueryKey, fetch: (signal: AbortSignal) => Promise<T>) {
  const live = useLive();
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      await live.readyForPushed(signal);
      return fetch(signal);
    },
  });
}

export const useStats = () => usePushed(statsKey, fetchStats);
export const useSoldiers = () => usePushed(soldiersKey, fetchSoldiers);
export const useHealth = () => usePushed(healthKey, fetchHealth);
export const useAttention = () => usePushed(attentionKey, fetchAttention);
export const useSquads = () => usePushed(squadsKey, fetchSquads);
export const useSchedules = () => usePushed(scheduleKeys.list, fetchSchedules);
export const useBulkJobs = () => usePushed(bulkKey, fetchBulkJobs);

/** The numbers over time. The stream adds each step that ends, or has the steps asked for anew. */
export function useTrends(range: Range) {
  const live = useLive();
  return useQuery({
    queryKey: trendKeys.of(range),
    queryFn: async ({ signal }) => {
      await live.ready(signal);
      return fetchTrends(range, signal);
    },
    placeholderData: keepPreviousData,
  });
}

/** What missions fail with. Asked for anew after each step in which one failed. */
export function useFailures(range: FailureRange) {
  const live = useLive();
  return useQuery({
    queryKey: failureKeys.of(range),
    queryFn: async ({ signal }) => {
      await live.ready(signal);
      return fetchFailures(range, signal);
    },
    placeholderData: keepPreviousData,
  });
}
