import { CircleCheck, CircleX, Clock, LogOut } from 'lucide-react';
import { formatElapsed } from '@/components/format';
import { useKnownAt } from '@/hooks/use-known-at';
import { useNow } from '@/hooks/use-now';
import type { Soldier } from '@/services/soldiers';

/** A live soldier is heard at least every 25 s; past its lease something is wrong, though not yet decided. */
const SILENT_AFTER = 35_000;

export function SoldierState({ soldier }: { soldier: Soldier }) {
  const now = useNow();
  const knownAt = useKnownAt();
  if (!soldier.live) {
    return (
      <span className="status" data-status="DEAD" title="Not heard for longer than its lease">
        <CircleX size={14} aria-hidden="true" />
        Dead
      </span>
    );
  }
  if (soldier.lastSeenAt !== undefined && knownAt - soldier.lastSeenAt > SILENT_AFTER) {
    return (
      <span className="status" data-status="SILENT" title="Not heard within its lease; not yet declared dead">
        <Clock size={14} aria-hidden="true" />
        Silent {formatElapsed(knownAt - soldier.lastSeenAt)}
      </span>
    );
  }
  if (soldier.draining) {
    return (
      <span
        className="status"
        data-status="DRAINING"
        title="It takes nothing more, finishes what it runs, and ends"
      >
        <LogOut size={14} aria-hidden="true" />
        Draining
      </span>
    );
  }
  return (
    <span className="status" data-status="LIVE">
      <CircleCheck size={14} aria-hidden="true" />
      Live{now - knownAt > SILENT_AFTER && ` ${formatElapsed(now - knownAt)} ago`}
    </span>
  );
}
