import { useNow } from '@/hooks/use-now';
import { useStreamStatus } from '@/live/live-context';
import { formatElapsed } from './format';

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  polling: 'Polling',
  offline: 'Offline',
} as const;

/** Whether what is shown changes by itself, and how old it is where not. */
export function LiveIndicator() {
  const { phase, aliveAt } = useStreamStatus();
  return (
    <span
      className="pill"
      role="status"
      aria-label="Live updates"
      data-live={phase}
      title={phase === 'live' ? 'Changes appear by themselves' : 'What you see may be out of date'}
    >
      <span className="dot" aria-hidden="true" />
      {WORDS[phase]}
      {phase !== 'live' && phase !== 'connecting' && aliveAt !== undefined && <DataAge since={aliveAt} />}
    </span>
  );
}

// Outside the announced words: a screen reader should not count the seconds.
function DataAge({ since }: { since: number }) {
  const now = useNow();
  return (
    <span className="dim" aria-hidden="true">
      · data {formatElapsed(now - since)} old
    </span>
  );
}
