import { useEffect, useRef } from 'react';
import { useLive } from '@/live/live-context';
import { useBulkJobs } from './use-queries';

/** No event tells of a mission that is purged: when a job has purged some, whoever ordered it, the lists are fetched anew. */
export function useFinishedPurges(): void {
  const live = useLive();
  const { data } = useBulkJobs();
  const seen = useRef<Set<string>>(undefined);
  useEffect(() => {
    if (!data) return;
    const finished = data.jobs
      .filter((job) => job.action === 'purge' && job.finishedAt !== undefined)
      .map((job) => job.id);
    const before = seen.current;
    seen.current = new Set(finished);
    if (before && finished.some((id) => !before.has(id))) live.refresh();
  }, [data, live]);
}
