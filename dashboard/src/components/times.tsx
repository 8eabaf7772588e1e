import { useClockAhead, useNow } from '@/hooks/use-now';
import { useZone } from '@/hooks/use-zone';
import { formatAbsolute, formatBoth, formatDuration, formatElapsed, formatRelative } from './format';

/** "12 s ago", ticking; the absolute time in both zones on hover. */
export function RelativeTime({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatBoth(at)}>
      {formatRelative(at, now)}
    </time>
  );
}

/** Of a moment that this page noted itself, by this computer's clock. */
export function NotedTime({ at }: { at: number }) {
  return <RelativeTime at={at + useClockAhead()} />;
}

/** Absolute first, for pages where the moment matters, with the relative one behind it. */
export function FullTime({ at }: { at: number }) {
  const now = useNow();
  const zone = useZone();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatBoth(at)}>
      {formatAbsolute(at, zone)} <span className="dim nowrap">({formatRelative(at, now)})</span>
    </time>
  );
}

/** How long something took, or has been taking so far. */
export function Duration({ from, to }: { from?: number; to?: number }) {
  if (from === undefined) return <span className="dim">–</span>;
  if (to !== undefined) return <span>{formatDuration(to - from)}</span>;
  return <Growing from={from} />;
}

function Growing({ from }: { from: number }) {
  const now = useNow();
  return <span title="so far">{formatElapsed(now - from)}</span>;
}

/** How long it still is, to the second; `over` once it is past. */
export function Countdown({ to, over }: { to: number; over: string }) {
  const now = useNow();
  return <span className="nowrap">{to > now ? `${formatElapsed(to - now)} left` : over}</span>;
}
