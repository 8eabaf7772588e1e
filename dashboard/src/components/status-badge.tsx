import {
  Ban,
  CalendarClock,
  CircleCheck,
  CircleX,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react';
import type { MissionStatus } from '@/services/missions';

interface Look {
  label: string;
  icon: LucideIcon;
}

/** How each status reads. Icon and word say it; the colour only helps. */
export const STATUS_LOOKS: Record<MissionStatus, Look> = {
  SCHEDULED: { label: 'Scheduled', icon: CalendarClock },
  QUEUED: { label: 'Queued', icon: Hourglass },
  IN_PROGRESS: { label: 'In progress', icon: LoaderCircle },
  COMPLETED: { label: 'Completed', icon: CircleCheck },
  FAILED: { label: 'Failed', icon: CircleX },
  CANCELLED: { label: 'Cancelled', icon: Ban },
};

/** `past` is for a status that was: it does not move. */
export function StatusBadge({ status, size, past }: { status: MissionStatus; size?: 'lg'; past?: true }) {
  const { label, icon: Icon } = STATUS_LOOKS[status];
  const spins = status === 'IN_PROGRESS' && !past;
  return (
    <span className="status" data-status={status} data-size={size}>
      <Icon size={size === 'lg' ? 17 : 14} aria-hidden="true" className={spins ? 'spin' : undefined} />
      {label}
    </span>
  );
}

export const isStatus = (value: string): value is MissionStatus => value in STATUS_LOOKS;
