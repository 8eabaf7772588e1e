import { formatCount } from '@/components/format';
import { useStats } from '@/hooks/use-queries';
import type { SetAside } from '@/services/set-aside';
import { SET_ASIDE_QUEUES } from '@/services/set-aside';

/** That more lies there than was read, as the pushed queue depths tell. */
export function Arrivals({ read }: { read: SetAside }) {
  const { data: stats } = useStats();
  if (!stats) return null;
  let more = 0;
  for (const queue of SET_ASIDE_QUEUES) {
    const counted = read.counts.reduce((sum, c) => (c.queue === queue ? sum + c.messages : sum), 0);
    // What is on loan is not in the depth, so fewer means nothing.
    more += Math.max(0, (stats.queues.find(({ name }) => name === queue)?.ready ?? 0) - counted);
  }
  if (more === 0) return null;
  return (
    <span role="status">
      {formatCount(more)} more {more === 1 ? 'lies' : 'lie'} there now than were counted: refresh.
    </span>
  );
}
