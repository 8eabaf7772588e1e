import { Link } from '@tanstack/react-router';
import { formatDuration } from '@/components/format';
import { isFinal, type Mission } from '@/services/missions';
import css from './mission-error.module.css';

/** What a code means and what helps, in a sentence. Codes that are not here are a handler's own. */
const MEANINGS: Record<string, (mission: Mission) => string> = {
  failed: () => 'The handler returned an error.',
  panic: () => 'The handler crashed: a fault in its code.',
  timeout: (mission) =>
    `The attempt ran longer than its timeout of ${formatDuration(mission.timeoutSeconds * 1_000)}.`,
  deadline_exceeded: () => 'The deadline passed before it was done; no further attempt is made.',
  cancelled: () => 'Somebody asked to cancel it.',
  soldier_lost: () =>
    'Five times the soldier that ran it died or was cut off. Perhaps the mission itself is what brings them down.',
  undeliverable: () => 'It was sent out 20 times, and no soldier took it up. Look at the fleet.',
  invalid_payload: () =>
    'The payload does not fit what the handler takes. A retry would fail alike: clone it and mend the payload.',
  invalid_result: () => "What the handler returned can't be written as JSON: a fault in its code.",
  result_too_large: () =>
    'What the handler returned is over 256 KiB. It should store it elsewhere and return where.',
};

/** What went wrong, in which attempt, what it means, and where its like are. */
export function MissionError({ mission }: { mission: Mission }) {
  const { error } = mission;
  if (!error) return null;
  const ended = isFinal(mission.status);
  const attempt = ended ? mission.attempt : mission.attempt - 1;
  const meaning = MEANINGS[error.code]?.(mission) ?? "This code is the handler's own.";
  return (
    <section
      className={`panel ${css.error}`}
      data-tone={mission.status === 'CANCELLED' ? undefined : 'failed'}
      aria-labelledby="error"
    >
      <h2 id="error">{ended ? 'Error' : 'Last error'}</h2>
      <p className={css.line}>
        <code>{error.code}</code> <span className={`wrap ${css.message}`}>{error.message}</span>
      </p>
      <p className="dim">
        {attempt > 0 && `In attempt ${attempt} of ${mission.maxAttempts}. `}
        {meaning}{' '}
        {mission.status !== 'CANCELLED' && (
          <Link to="/missions" search={{ kind: mission.kind, status: 'FAILED' }}>
            Other failed missions of this kind
          </Link>
        )}
      </p>
    </section>
  );
}
