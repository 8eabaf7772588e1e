import { Link } from '@tanstack/react-router';
import { formatCount } from '@/components/format';
import { Fact } from '@/components/health/fact';
import styles from '@/components/health/health.module.css';
import { Part } from '@/components/health/part';
import { QueueTable } from '@/components/health/queue-table';
import { StreamState } from '@/components/health/stream-state';
import { PageHead } from '@/components/page-head';
import { OVERALL_LOOKS, overall } from '@/components/shell/health-pill';
import { Failure, Loading } from '@/components/states';
import { FullTime } from '@/components/times';
import { useHealth, useStats } from '@/hooks/use-queries';
import { isCutOff, useStreamStatus } from '@/live/live-context';
import type { Health } from '@/services/health';
import type { Stats } from '@/services/stats';

const SENTENCES = {
  ok: 'Redis and RabbitMQ answer; everything works.',
  warn: 'Everything works, but something wants attention: see below.',
  degraded: 'One part is away. Mission Control still serves; see what is missing below.',
  down: 'Redis and RabbitMQ are away. Nothing new can be accepted until one is back.',
  unknown: "The commander can't be reached: what stands below is as it was before.",
} as const;

const EMBEDDED_OK = 'Everything works, in one process: there is no Redis and no RabbitMQ.';

const GROUNDS: Record<string, string> = {
  compose: 'containers (compose)',
  local: 'local processes',
  embedded: 'one process (embedded), for trying out: missions live only as long as it does',
};

const NAMES: Record<string, string> = { redis: 'Redis', rabbitmq: 'RabbitMQ' };

const MEANING: Record<string, string> = {
  redis:
    "What you see comes from the commander's memory. New missions are kept where RabbitMQ is up; cancels and other changes have to wait. Running missions go on.",
  rabbitmq:
    "New missions are accepted and wait as queued. Running missions go on, and their results arrive once it is back. What was set aside can't be seen.",
};

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
  const { phase } = useStreamStatus();
  // An old answer is no answer: with the stream away nobody knows.
  const state = isCutOff(phase) ? 'unknown' : overall(health);
  const { label, icon: Icon } = OVERALL_LOOKS[state];
  const { data: stats } = useStats();
  const since = notWellSince(health);
  return (
    <>
      <section className={`panel ${styles.verdict}`} data-health={state} aria-label="Overall">
        <Icon size={30} aria-hidden="true" />
        <div>
          <h2>{label}</h2>
          <p>{health.ground === 'embedded' && state === 'ok' ? EMBEDDED_OK : SENTENCES[state]}</p>
          {since !== undefined && (
            <p>
              Since <FullTime at={since} />
            </p>
          )}
          <p>
            What needs attention, and what can be done about it, is on the <Link to="/">overview</Link>.
          </p>
          <p className="dim">
            {health.ground && `Runs as ${GROUNDS[health.ground] ?? health.ground}. `}
            {health.version && `Commander version ${health.version}.`}
          </p>
        </div>
      </section>
      <div className={styles.parts}>
        {Object.entries(health.checks).map(([part, check]) => (
          <Part key={part} name={NAMES[part] ?? part} check={check} meaning={MEANING[part]} />
        ))}
        <StreamState />
      </div>
      {stats && <Work stats={stats} />}
    </>
  );
}

function Work({ stats }: { stats: Stats }) {
  return (
    <section className="panel" aria-labelledby="work">
      <h2 id="work">Work</h2>
      <dl className={`facts ${styles.rates}`}>
        <Fact label="Created a minute">{formatCount(stats.rates.createdPerMinute)}</Fact>
        <Fact label="Completed a minute">{formatCount(stats.rates.completedPerMinute)}</Fact>
        <Fact label="Failed a minute">{formatCount(stats.rates.failedPerMinute)}</Fact>
      </dl>
      {stats.queues.length > 0 ? (
        <QueueTable queues={stats.queues} />
      ) : (
        <p className="dim">How deep the queues are is not known now.</p>
      )}
    </section>
  );
}

/** When the first of what is not well now began to be so. */
function notWellSince(health: Health): number | undefined {
  const times = Object.values(health.checks)
    .filter(({ status }) => status === 'down' || status === 'warn')
    .flatMap(({ since }) => since ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}
