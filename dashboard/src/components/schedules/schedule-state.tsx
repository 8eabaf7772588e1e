import { CircleCheck, CirclePause, CircleSlash, TriangleAlert } from 'lucide-react';
import { useNow } from '@/hooks/use-now';
import type { Schedule } from '@/services/schedules';

/** A run this late is not merely on its way. */
const LATE = 10_000;

/** Paused, on, late, or at its end. */
export function ScheduleState({ schedule }: { schedule: Schedule }) {
  const now = useNow();
  if (schedule.paused) {
    return (
      <span className="status" data-status="PAUSED">
        <CirclePause size={14} aria-hidden="true" />
        Paused
      </span>
    );
  }
  if (schedule.nextAt === undefined) {
    return (
      <span className="status" data-status="NOTE" title="There is no time at which it is due again">
        <CircleSlash size={14} aria-hidden="true" />
        Never due
      </span>
    );
  }
  if (now - schedule.nextAt > LATE) {
    return (
      <span className="status" data-status="WARN" title="It was due, and no commander has ordered it yet">
        <TriangleAlert size={14} aria-hidden="true" />
        Late
      </span>
    );
  }
  return (
    <span className="status" data-status="LIVE">
      <CircleCheck size={14} aria-hidden="true" />
      On
    </span>
  );
}
