import { Pause, Play } from 'lucide-react';
import { useId, useMemo } from 'react';
import { formatElapsed } from '@/components/format';
import { useClockAhead, useNow } from '@/hooks/use-now';
import { type Shortcut, useShortcuts } from '@/hooks/use-shortcuts';
import { useLive, useStreamStatus } from '@/live/live-context';
import styles from './live-indicator.module.css';

const LOOKS = {
  connecting: { word: 'Connecting', meaning: 'The page is being connected.' },
  live: { word: 'Live', meaning: 'Changes appear by themselves.' },
  paused: { word: 'Paused', meaning: 'Nothing on this page changes until you resume.' },
  reconnecting: {
    word: 'Reconnecting',
    meaning: 'The connection broke; the page catches up when it is back.',
  },
  polling: {
    word: 'Polling',
    meaning:
      'Something between here and the commander does not let streams through, so this page asks every few seconds.',
  },
  refused: { word: 'Refused', meaning: 'The commander does not take the key of this dashboard.' },
  offline: { word: 'Offline', meaning: "The commander can't be reached; what you see may be out of date." },
} as const;

/** Whether what is shown changes by itself, and how old it is; and the switch that stops it for a while. */
export function LiveIndicator() {
  const live = useLive();
  const { phase, isPaused, changes } = useStreamStatus();
  const state = isPaused ? 'paused' : phase;
  const toggle = useMemo(() => () => (live.getState().isPaused ? live.resume() : live.pause()), [live]);
  const shortcuts = useMemo(
    (): Shortcut[] => [{ keys: 'p', label: 'Pause or resume live updates', run: toggle }],
    [toggle],
  );
  useShortcuts(shortcuts);
  const explanation = useId();
  const action = isPaused ? 'Resume live updates' : 'Pause live updates';
  return (
    <span className={styles.live}>
      <span className="pill" role="status" aria-label="Live updates" data-live={state}>
        <span className="dot" aria-hidden="true" />
        {LOOKS[state].word}
        {/* Outside the announced words: a screen reader should not count along. */}
        <span className={styles.detail} aria-hidden="true">
          {isPaused && changes > 0 && <>· {changes.toLocaleString('en')} changed</>}
          {!isPaused && state !== 'live' && state !== 'connecting' && <DataAge />}
        </span>
      </span>
      <button
        type="button"
        className={styles.toggle}
        onClick={toggle}
        aria-label={action}
        aria-describedby={explanation}
      >
        {isPaused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />}
      </button>
      <Explanation id={explanation} meaning={LOOKS[state].meaning} action={action} />
    </span>
  );
}

function useAge(): string | undefined {
  const now = useNow() - useClockAhead(); // what is shown was noted by this computer's clock
  const { asOf } = useLive().getState(); // while live it moves on unannounced, and the clock ticks anyway
  return asOf === undefined ? undefined : formatElapsed(Math.max(now - asOf, 0));
}

function DataAge() {
  const age = useAge();
  return age === undefined ? null : (
    <>
      · <span className="wide">data </span>
      {age}
      <span className="wide"> old</span>
    </>
  );
}

/** Shown while the pointer is on the indicator or its switch has the focus. */
function Explanation({ id, meaning, action }: { id: string; meaning: string; action: string }) {
  const age = useAge();
  return (
    <span className={styles.explanation} id={id}>
      {meaning} {age !== undefined && `What you see is ${age} old. `}
      <span className="dim">
        {action}: <kbd>p</kbd>
      </span>
    </span>
  );
}
