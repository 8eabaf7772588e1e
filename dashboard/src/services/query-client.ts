// The one query client. Data never turns stale by age: the event stream keeps it
// fresh and says when it can't (see live/live-cache.ts). So there is no polling, no
// refetch on focus, and no silent retry that would hide an error from the reader.

import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './api';

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always', // the server may well be on this machine
        retry: (failures, error) => failures < 1 && error instanceof ApiError && error.mayPass,
        retryDelay: 400,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
