import { CircleCheck, CircleMinus, CircleX, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { formatCount } from '@/components/format';
import { OVERALL_LOOKS, overall } from '@/components/health-pill';
import { PageHead } from '@/components/page-head';
import { Failure, Loading } from '@/components/states';
import { RelativeTime } from '@/components/times';
import { useHealth, useStats } from '@/hooks/use-queries';
import type { Check, Health } from '@/services/health';
import type { Stats } from '@/services/stats';

const SENTENCES = {
  ok: 'Redis and RabbitMQ answer; everything works.',
  warn: 'Everything works, but something wants attention: see below.',
  degraded: 'One part is away. Mission Control still serves; see what is missing below.',
  down: 'Redis and RabbitMQ are away. Nothing new can be accepted until one is back.',
  unknown: '',
} as const;

const EMBEDDED_OK = 'Everything works, in one process: there is no Redis and no RabbitMQ.';

const GROUNDS: Record<string, string> = {
  compose: 'containers (compose)',
  local: 'local processes',
  embedded: 'one process (embedded), for trying out: missions live only as long as it does',
};

const NAMES: Record<string, string> = { redis: 'Redis', rabbitmq: 'RabbitMQ' };

export function HealthPage() {
  const query = useHealth();
  return (
    <>
      <PageHead title="Health" />
      {query.data ? (
        <Shown health={query.data} />
      ) : query.isError ? (
        <Failure
          what="The health"
          error={query.error}
          onRetry={() => void query.refetch()}
          busy={query.isFetching}
        />
      ) : (
        <Loading label="Loading health" rows={4} />
      )}
    </>
  );
}

function Shown({ health }: { health: Health }) {
  const state = overall(health);
  const { label, icon: Icon } = OVERALL_LOOKS[state];
  const { data: stats } = useStats();
  return (
    <>
      <section className="panel verdict" data-health={state} aria-label="Overall">
        <Icon size={30} aria-hidden="true" />
        <div>
          <h2>{label}</h2>
          <p>{health.ground === 'embedded' && state === 'ok' ? EMBEDDED_OK : SENTENCES[state]}</p>
          <p className="dim">
            {health.ground && `Runs as ${GROUNDS[health.ground] ?? health.ground}. `}
            {health.version && `Commander version ${health.version}.`}
          </p>
        </div>
      </section>
      <div className="columns">
        {Object.entries(health.checks).map(([part, check]) => (
          <Part key={part} name={NAMES[part] ?? part} check={check} />
        ))}
      </div>
      {stats && <Work stats={stats} />}
    </>
  );
}

const LOOKS = {
  up: { label: 'Up', icon: CircleCheck },
  warn: { label: 'Up, with a warning', icon: TriangleAlert },
  down: { label: 'Down', icon: CircleX },
  not_used: { label: 'Not used', icon: CircleMinus },
} as const;

function Part({ name, check }: { name: string; check: Check }) {
  const { label, icon: Icon } = LOOKS[check.status === 'up' && check.warning ? 'warn' : check.status];
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
        <Fact label="Latency">
          {check.latencyMs === undefined || check.status === 'down' || check.status === 'not_used' ? (
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

function Work({ stats }: { stats: Stats }) {
  return (
    <section className="panel" aria-labelledby="work">
      <h2 id="work">Work</h2>
      <dl className="facts facts-row">
        <Fact label="Created a minute">{formatCount(stats.rates.createdPerMinute)}</Fact>
        <Fact label="Completed a minute">{formatCount(stats.rates.completedPerMinute)}</Fact>
        <Fact label="Failed a minute">{formatCount(stats.rates.failedPerMinute)}</Fact>
      </dl>
      {stats.queues.length > 0 && (
        <table className="table" aria-label="Queues">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" className="num">
                Waiting
              </th>
              <th scope="col" className="num">
                Consumers
              </th>
            </tr>
          </thead>
          <tbody>
            {stats.queues.map((queue) => (
              <tr key={queue.name}>
                <td className="mono wrap">{queue.name}</td>
                <td className="num">{formatCount(queue.ready)}</td>
                <td className="num">{formatCount(queue.consumers)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
