import { Info } from 'lucide-react';
import { Banner } from './outage-banner';
import { FullTime } from './times';

/** That an answer came from the commander's memory, and of when it is. */
export function FromMemory({ degraded, asOf }: { degraded: boolean; asOf?: number }) {
  if (!degraded) return null;
  return (
    <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
      Read from the commander's memory
      {asOf !== undefined && (
        <>
          {' '}
          as of <FullTime at={asOf} />
        </>
      )}
      , because Redis is away.
    </Banner>
  );
}
