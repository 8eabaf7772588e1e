import type { QueryClient } from '@tanstack/react-query';
import { type Schedule, type Schedules, scheduleKeys } from '@/services/schedules';

/** Shows at once what the commander answered to a change; its own page reads runs and times anew. */
export function learnSchedule(client: QueryClient, after: Schedule): void {
  client.setQueryData<Schedules>(scheduleKeys.list, (before) => {
    if (!before) return before;
    const others = before.schedules.filter((s) => s.name !== after.name);
    return { ...before, schedules: [...others, after].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
  void client.invalidateQueries({ queryKey: scheduleKeys.of(after.name) });
}
