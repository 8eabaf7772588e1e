import { Fact } from '@/components/health/fact';
import { NotedTime } from '@/components/times';
import { useNow } from '@/hooks/use-now';
import { useLive, useStreamStatus } from '@/live/live-context';

const WORDS = {
  connecting: 'connecting',
  live: 'live: changes are pushed, nothing is asked for twice',
  reconnecting: 'broken; it is being connected again',
  polling: 'blocked on the way here, so this page asks every few seconds',
  refused: 'the commander does not take the key of this dashboard; it is tried again by itself',
  offline: "the commander can't be reached; it is tried again by itself",
} as const;

/** How this page itself learns of changes. */
export function StreamState() {
  const { phase, isPaused } = useStreamStatus();
  return (
    <section className="panel" aria-label="This page">
      <div className="part-head">
        <h2>This page</h2>
      </div>
      <dl className="facts">
        <Fact label="Live updates">{isPaused ? 'paused by you: press p to go on' : WORDS[phase]}</Fact>
        <Fact label="As of">
          <AsOf />
        </Fact>
      </dl>
    </section>
  );
}

function AsOf() {
  useNow(); // while live it moves on unannounced
  const { asOf } = useLive().getState();
  return asOf === undefined ? <>nothing came yet</> : <NotedTime at={asOf} />;
}
