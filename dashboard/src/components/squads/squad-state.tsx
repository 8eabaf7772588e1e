import { CircleCheck, CirclePause, TriangleAlert } from 'lucide-react';
import { formatCount } from '@/components/format';
import type { Squad } from '@/services/squads';

/** Paused, served or not, as a pill. */
export function SquadState({ squad }: { squad: Squad }) {
  if (squad.paused) {
    return (
      <span className="status" data-status="PAUSED">
        <CirclePause size={14} aria-hidden="true" />
        Paused
      </span>
    );
  }
  if (squad.soldiers === 0) {
    return (
      <span className="status" data-status={(squad.missions?.queued ?? squad.ready) ? 'DOWN' : 'NOTE'}>
        <TriangleAlert size={14} aria-hidden="true" />
        Unserved
      </span>
    );
  }
  return (
    <span className="status" data-status="LIVE">
      <CircleCheck size={14} aria-hidden="true" />
      Served
    </span>
  );
}

/** What the state means for its missions. */
export function inWords(squad: Squad): string {
  if (squad.paused) return 'None of its missions starts until it is resumed. What ran went on to its end.';
  if (squad.soldiers === 0) {
    return `No live soldier serves it: its missions wait until one does. Start one with SOLDIER_SQUADS=${squad.name}.`;
  }
  if (squad.limits && squad.limits.waiting > 0) {
    return `Its limit is reached: ${formatCount(squad.limits.waiting)} ${squad.limits.waiting === 1 ? 'mission waits' : 'missions wait'} for a place.`;
  }
  if (squad.ready) return 'Its soldiers are busy: orders wait for a free slot.';
  return 'Its missions start as they come.';
}
