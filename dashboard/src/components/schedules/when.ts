// When a schedule is due, in words. Only what can be said without doubt is: all else shows the cron text alone.

import { formatDuration } from '@/components/format';
import type { Schedule } from '@/services/schedules';

const NAMED: Record<string, string> = {
  '@hourly': 'every hour',
  '@daily': 'every day at 00:00',
  '@midnight': 'every day at 00:00',
  '@weekly': 'on Sunday at 00:00',
  '@monthly': 'on day 1 of each month at 00:00',
  '@yearly': 'on January 1 at 00:00',
  '@annually': 'on January 1 at 00:00',
};

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const SHORT = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** "every 5 min", "Monday to Friday at 02:30"; undefined where the cron text says it better. */
export function inWords({ cron, everySeconds }: Pick<Schedule, 'cron' | 'everySeconds'>): string | undefined {
  if (everySeconds !== undefined)
    return `every ${formatDuration(everySeconds * 1_000).replace(/\.0 s$/, ' s')}`;
  return cron === undefined ? undefined : cronInWords(cron.trim());
}

function cronInWords(cron: string): string | undefined {
  if (cron.startsWith('@')) return NAMED[cron.toLowerCase()];
  const fields = cron.split(/\s+/);
  if (fields.length === 6 && fields[0] === '0') fields.shift();
  if (fields.length !== 5) return undefined;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  if (month !== '*') return undefined;
  const time = timeInWords(minute, hour);
  if (time === undefined) return undefined;
  if (day === '*' && weekday === '*') return time.daily;
  const days =
    day === '*'
      ? weekdaysInWords(weekday)
      : weekday === '*' && isNumber(day)
        ? `on day ${day} of each month`
        : undefined;
  return days && `${days} ${time.other}`;
}

/** How a time reads alone, and behind a day. */
function timeInWords(minute: string, hour: string): { daily: string; other: string } | undefined {
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === '*') {
    if (minute === '*') return same('every minute');
    if (step && 60 % Number(step) === 0) return same(`every ${step} minutes`);
    if (isNumber(minute)) return same(minute === '0' ? 'every hour' : `every hour at minute ${minute}`);
    return undefined;
  }
  const hours = hour.split(',');
  if (!isNumber(minute) || !hours.every(isNumber)) return undefined;
  const times = hours.map((h) => `${h.padStart(2, '0')}:${minute.padStart(2, '0')}`);
  const at = `at ${listed(times)}`;
  return { daily: `every day ${at}`, other: at };
}

const same = (text: string) => ({ daily: text, other: text });

function weekdaysInWords(field: string): string | undefined {
  const range = /^([^-,]+)-([^-,]+)$/.exec(field);
  if (range) {
    const from = dayName(range[1] ?? '');
    const to = dayName(range[2] ?? '');
    return from && to && `${from} to ${to}`;
  }
  const names = field.split(',').map(dayName);
  return names.every((name) => name !== undefined) ? `on ${listed(names as string[])}` : undefined;
}

const dayName = (text: string): string | undefined =>
  /^[0-6]$/.test(text) ? DAYS[Number(text)] : DAYS[SHORT.indexOf(text.toUpperCase())];

const isNumber = (text: string) => /^\d+$/.test(text);

const listed = (items: string[]) =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

/** What became of missed runs, of overlapping ones. */
export const MISSED_WORDS = {
  skip: 'none of them is ordered',
  last: 'the latest is ordered',
  all: 'all are ordered, the latest 100 at most',
} as const;
export const OVERLAP_WORDS = {
  allow: 'it is ordered all the same',
  skip: 'it is skipped',
} as const;
