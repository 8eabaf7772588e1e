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

export function StatusBadge({ status, large }: { status: MissionStatus; large?: boolean }) {
  const { label, icon: Icon } = STATUS_LOOKS[status];
  return (
    <span className="status" data-status={status} data-size={large ? 'lg' : undefined}>
      <Icon
        size={large ? 17 : 14}
        aria-hidden="true"
        className={status === 'IN_PROGRESS' ? 'spin' : undefined}
      />
      {label}
    </span>
  );
}

export const isStatus = (value: string): value is MissionStatus => value in STATUS_LOOKS;
