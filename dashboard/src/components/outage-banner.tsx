import { Lock, TriangleAlert, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { useHealth } from '@/hooks/use-queries';
import { useStreamStatus } from '@/live/live-context';
import { KeyAdvice } from './states';

/** What is away and what that means for the reader, in words. Nothing while all is well. */
export function OutageBanner() {
  const { phase } = useStreamStatus();
  const { data: health } = useHealth();
  if (phase === 'offline') {
    return (
      <Banner tone="down" icon={<Unplug size={18} aria-hidden="true" />}>
        <strong>The commander can't be reached.</strong> What you see is as it was before;{' '}
        {health?.ground === 'embedded'
          ? 'if its process has ended, it is gone.'
          : 'it will catch up by itself when the connection is back.'}
      </Banner>
    );
  }
  if (phase === 'refused') {
    return (
      <Banner tone="down" icon={<Lock size={18} aria-hidden="true" />}>
        <strong>The commander does not let this dashboard in.</strong> <KeyAdvice /> This page goes on by
        itself then.
      </Banner>
    );
  }
  if (!health) return null;
  const redisAway = health.checks.redis?.status === 'down';
  const rabbitAway = health.checks.rabbitmq?.status === 'down';
  if (redisAway && rabbitAway) {
    return (
      <Banner tone="down" icon={<TriangleAlert size={18} aria-hidden="true" />}>
        <strong>Redis and RabbitMQ are away.</strong> Nothing new can be accepted. What you see comes from the
        commander's memory; running missions go on, and their results are kept until both are back.
      </Banner>
    );
  }
  if (redisAway) {
    return (
      <Banner tone="degraded" icon={<TriangleAlert size={18} aria-hidden="true" />}>
        <strong>Redis is away.</strong> What you see comes from the commander's memory and may lack old
        missions. RabbitMQ can keep new missions until it is back; cancels and other changes have to wait.
        Running missions go on.
      </Banner>
    );
  }
  if (rabbitAway) {
    return (
      <Banner tone="degraded" icon={<TriangleAlert size={18} aria-hidden="true" />}>
        <strong>RabbitMQ is away.</strong> New missions are accepted and wait as queued; running missions go
        on, and their results arrive once it is back.
      </Banner>
    );
  }
  return null;
}

export function Banner({
  tone,
  icon,
  children,
}: {
  tone: 'down' | 'degraded' | 'info';
  icon: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="banner" data-tone={tone} role="status">
      {icon}
      <p>{children}</p>
    </div>
  );
}
