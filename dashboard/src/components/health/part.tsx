import { CircleCheck, CircleMinus, CircleX, TriangleAlert } from 'lucide-react';
import { Fact } from '@/components/health/fact';
import { FullTime, RelativeTime } from '@/components/times';
import type { Check } from '@/services/health';

const LOOKS = {
  up: { label: 'Up', icon: CircleCheck },
  warn: { label: 'Up, with a warning', icon: TriangleAlert },
  down: { label: 'Down', icon: CircleX },
  not_used: { label: 'Not used', icon: CircleMinus },
} as const;

/** One server that the commander stands on, and what its absence means. */
export function Part({ name, check, meaning }: { name: string; check: Check; meaning?: string }) {
  const { label, icon: Icon } = LOOKS[check.status === 'up' && check.warning ? 'warn' : check.status];
  const asked = check.status === 'up' || check.status === 'warn';
  return (
    <section className="panel" aria-label={name}>
      <div className="part-head">
        <h2>{name}</h2>
        <span className="status" data-status={check.status.toUpperCase()}>
          <Icon size={14} aria-hidden="true" />
          {label}
        </span>
      </div>
      <dl className="facts">
        {check.since !== undefined && check.status !== 'not_used' && (
          <Fact label="Since">
            <FullTime at={check.since} />
          </Fact>
        )}
        <Fact label="Latency">
          {check.latencyMs === undefined || !asked ? (
            '–'
          ) : (
            <Measured ms={check.latencyMs} at={check.checkedAt} />
          )}
        </Fact>
        {check.warning && <Fact label="Warning">{check.warning}</Fact>}
        {check.error && (
          <Fact label="Error">
            <span className="error-text wrap">{check.error}</span>
          </Fact>
        )}
        {check.status === 'down' && meaning && <Fact label="For you">{meaning}</Fact>}
      </dl>
    </section>
  );
}

// Health is pushed when it changes, not for each new measurement: its age belongs to it.
function Measured({ ms, at }: { ms: number; at?: number }) {
  return (
    <>
      {ms.toFixed(1)} ms{' '}
      {at !== undefined && (
        <span className="dim">
          (measured <RelativeTime at={at} />)
        </span>
      )}
    </>
  );
}
