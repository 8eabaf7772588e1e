import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { fetchLimit, limitKeys } from '@/services/limits';
import type { Mission } from '@/services/missions';

/** The limit of a mission's concurrency key, read again with each of its changes. */
export function useLimit(mission: Mission) {
  const key = mission.concurrencyKey;
  return useQuery({
    queryKey: limitKeys.at(key ?? '', mission.version),
    queryFn: ({ signal }) => fetchLimit(key ?? '', signal),
    enabled: key !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
}
