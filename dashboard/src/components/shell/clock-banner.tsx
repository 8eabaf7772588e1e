import { Clock } from 'lucide-react';
import { formatDuration } from '@/components/format';
import { Banner } from '@/components/outage-banner';
import { useClockAhead } from '@/hooks/use-now';

/** Less misleads nobody: ages are right in any case. */
const TOLD = 60_000;

/** That this computer's clock is wrong: times of the day on the wall and on this page differ. */
export function ClockBanner() {
  const ahead = useClockAhead();
  if (Math.abs(ahead) < TOLD) return null;
  const off = formatDuration(Math.round(Math.abs(ahead) / 60_000) * 60_000); // it is not known to the second
  return (
    <Banner tone="info" icon={<Clock size={18} aria-hidden="true" />}>
      <strong>
        This computer's clock is {off} {ahead > 0 ? 'behind' : 'ahead of'} the commander's.
      </strong>{' '}
      Ages here are counted by the commander's clock. Set this one right before you order a start by the time
      of the day.
    </Banner>
  );
}
