// How times and numbers read. One place, so that a list, a page, an axis and a tooltip agree.

import type { Zone } from '@/hooks/use-zone';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Lengths of time that an axis may go by. */
export const ROUND_LENGTHS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * DAY),
];

/** A length of time: "420 ms", "8.4 s", "2 min 5 s", "3 h 12 min", "2 d 4 h". */
export function formatDuration(ms: number): string {
  const abs = Math.max(0, ms);
  if (abs < SECOND) return `${Math.round(abs)} ms`;
  if (abs < 10 * SECOND) return `${(Math.floor(abs / 100) / 10).toFixed(1)} s`;
  if (abs < MINUTE) return `${Math.floor(abs / SECOND)} s`;
  if (abs < HOUR) return pair(abs, MINUTE, 'min', SECOND, 's');
  if (abs < DAY) return pair(abs, HOUR, 'h', MINUTE, 'min');
  return pair(abs, DAY, 'd', HOUR, 'h');
}

/** A length that is still growing: whole seconds, so that it does not flicker. */
export function formatElapsed(ms: number): string {
  return ms < 10 * SECOND ? `${Math.max(0, Math.floor(ms / SECOND))} s` : formatDuration(ms);
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms % big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** "just now", "12 s ago", "in 5 min". A small step into the future is a clock that differs, not a plan. */
export function formatRelative(at: number, now: number): string {
  const ago = now - at;
  if (ago < -3 * SECOND) return `in ${coarse(-ago)}`;
  if (ago < 2 * SECOND) return 'just now';
  return `${coarse(ago)} ago`;
}

function coarse(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

const DATE = { year: 'numeric', month: 'short', day: '2-digit' } as const;
const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
const MILLIS = { fractionalSecondDigits: 3 } as const;

/** One formatter for each zone: making one is dear. */
function inZones(options: Intl.DateTimeFormatOptions): Record<Zone, Intl.DateTimeFormat> {
  return {
    local: new Intl.DateTimeFormat(undefined, options),
    utc: new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' }),
  };
}

const absolute = inZones({ ...DATE, ...TIME, ...MILLIS, timeZoneName: 'short' });
const absoluteSecond = inZones({ ...DATE, ...TIME, timeZoneName: 'short' });
const clock = inZones({ ...TIME, ...MILLIS });
const seconds = inZones(TIME);
const minutes = inZones({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const days = inZones({ month: 'short', day: '2-digit' });

/** Date and time, with the zone's name; to the millisecond, unless it is a whole second, as what is planned is. */
export const formatAbsolute = (at: number, zone: Zone): string =>
  (at % SECOND === 0 ? absoluteSecond : absolute)[zone].format(at);

/** Time of day alone, to the millisecond. */
export const formatClock = (at: number, zone: Zone): string => clock[zone].format(at);

/** Time of day to the second, for axes. */
export const formatSecond = (at: number, zone: Zone): string => seconds[zone].format(at);

/** Hour and minute, for axes. */
export const formatMinute = (at: number, zone: Zone): string => minutes[zone].format(at);

/** Day and month, for axes. */
export const formatDay = (at: number, zone: Zone): string => days[zone].format(at);

/** Local and UTC, for tooltips. */
export const formatBoth = (at: number): string =>
  `${absolute.local.format(at)}\n${new Date(at).toISOString()}`;

const whole = new Intl.NumberFormat();
export const formatCount = (n: number): string => whole.format(n);

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
/** "1.2K": for axes and the like, where there is no room. */
export const formatCompact = (n: number): string => compact.format(n);

const rate = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
/** Something by second, or the like. */
export const formatRate = (n: number): string => rate.format(n);
