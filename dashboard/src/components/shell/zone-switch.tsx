import { Button } from '@mantine/core';
import { Clock } from 'lucide-react';
import { setZone, useZone } from '@/hooks/use-zone';

/** Local time or UTC, in texts and axes. */
export function ZoneSwitch() {
  const zone = useZone();
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      leftSection={<Clock size={15} aria-hidden="true" />}
      onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')}
      aria-label={`Times: ${zone === 'utc' ? 'UTC' : 'local'}. Switch to ${zone === 'utc' ? 'local time' : 'UTC'}`}
      title={zone === 'utc' ? 'Times are UTC' : `Times are local: ${localZone()}`}
    >
      {zone === 'utc' ? 'UTC' : 'Local'}
    </Button>
  );
}

const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
