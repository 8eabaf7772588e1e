import { FlaskConical } from 'lucide-react';
import { Banner } from '@/components/outage-banner';
import { useHealth } from '@/hooks/use-queries';

/** That nothing here is kept, while the stack is one process. Nobody may take that for the real thing. */
export function EmbeddedBanner() {
  const { data: health } = useHealth();
  if (health?.ground !== 'embedded') return null;
  return (
    <Banner tone="info" icon={<FlaskConical size={18} aria-hidden="true" />}>
      <strong>Nothing here is kept.</strong> Missions live only as long as this one process: when it ends,
      they are gone. On RabbitMQ and Redis they stay.
    </Banner>
  );
}
