// The rules of the form. The commander has the last word; these are its limits, told as one types.

import { z } from 'zod';
import { DEFAULT_RETRY, NAME_PATTERN, type NewMission, PRIORITIES } from '@/services/missions';
import { payloadFault } from '@/services/payload';
import { parseSeconds, writeSeconds } from './time-input';

const DAY = 86_400;
const FARTHEST = 366 * DAY;

/** What the fields hold, right or wrong. A draft is kept in this form. */
export const missionDraft = z.object({
  name: z.string(),
  kind: z.string(),
  squad: z.string(),
  priority: z.enum(PRIORITIES),
  payload: z.string(),
  timeoutSeconds: z.string(),
  labels: z.array(z.object({ key: z.string(), value: z.string() })),
  start: z.enum(['now', 'at', 'after']),
  runAt: z.number().optional(),
  delay: z.string(),
  deadline: z.enum(['none', 'at', 'after']),
  deadlineAt: z.number().optional(),
  deadlineAfter: z.string(),
  maxAttempts: z.string(),
  retryDelay: z.string(),
  retryFactor: z.string(),
  retryMaxDelay: z.string(),
  concurrencyKey: z.string(),
  uniqueKey: z.string(),
});

export type MissionForm = z.infer<typeof missionDraft>;

export const START: MissionForm = {
  name: '',
  kind: 'simulate',
  squad: 'default',
  priority: 'normal',
  payload: '{}',
  timeoutSeconds: '300',
  labels: [],
  start: 'now',
  delay: '',
  deadline: 'none',
  deadlineAfter: '',
  maxAttempts: '1',
  retryDelay: writeSeconds(DEFAULT_RETRY.delaySeconds),
  retryFactor: String(DEFAULT_RETRY.factor),
  retryMaxDelay: writeSeconds(DEFAULT_RETRY.maxDelaySeconds),
  concurrencyKey: '',
  uniqueKey: '',
};

const bytes = (text: string) => new TextEncoder().encode(text).length;
const NAME_RULE = 'Lower-case letters, digits and . _ - only, at most 64';

export const missionForm = missionDraft.superRefine((values, ctx) => {
  const check = (path: string | (string | number)[], message: string | false | undefined) => {
    if (message) ctx.addIssue({ code: 'custom', path: [path].flat(), message });
  };
  const name = values.name.trim();
  check(
    'name',
    (name === '' && 'Give the mission a name') ||
      ([...name].length > 200 && 'At most 200 characters') ||
      (/\p{Cc}/u.test(name) && 'No control characters'),
  );
  check('kind', !NAME_PATTERN.test(values.kind.trim()) && NAME_RULE);
  check('squad', !NAME_PATTERN.test(values.squad.trim()) && NAME_RULE);
  check('payload', payloadFault(values.payload));
  check('timeoutSeconds', wholeFault(values.timeoutSeconds, 1, DAY, 'seconds'));
  values.labels.forEach(({ key, value }, i) => {
    check(
      ['labels', i, 'key'],
      (key === '' && 'Give the label a key, or take it away') ||
        (bytes(key) > 64 && 'At most 64 bytes') ||
        (/[:\p{Cc}]/u.test(key) && 'No ":" and no control characters') ||
        (values.labels.findIndex((other) => other.key === key) < i && 'This key is there already'),
    );
    check(['labels', i, 'value'], bytes(value) > 256 && 'At most 256 bytes');
  });
  check('labels', values.labels.length > 20 && 'At most 20 labels');
  if (values.start === 'at') check('runAt', values.runAt === undefined && 'Needs a date and a time');
  if (values.start === 'after') check('delay', secondsFault(values.delay, 1, FARTHEST, '366 days'));
  if (values.deadline === 'at') {
    check(
      'deadlineAt',
      (values.deadlineAt === undefined && 'Needs a date and a time') ||
        (values.start === 'at' &&
          (values.runAt ?? 0) >= (values.deadlineAt ?? 0) &&
          'Must come after the start'),
    );
  }
  if (values.deadline === 'after') {
    check('deadlineAfter', secondsFault(values.deadlineAfter, 1, FARTHEST, '366 days'));
  }
  check('maxAttempts', wholeFault(values.maxAttempts, 1, 100, 'attempts'));
  if (retries(values)) {
    check('retryDelay', secondsFault(values.retryDelay, 0, DAY, '1 day'));
    check('retryFactor', factorFault(values.retryFactor));
    check(
      'retryMaxDelay',
      secondsFault(values.retryMaxDelay, 0, 7 * DAY, '7 days') ??
        ((parseSeconds(values.retryMaxDelay) ?? 0) < (parseSeconds(values.retryDelay) ?? 0)
          ? 'At least as long as the first wait'
          : undefined),
    );
  }
  check('concurrencyKey', keyFault(values.concurrencyKey) ?? dotFault(values.concurrencyKey));
  check('uniqueKey', keyFault(values.uniqueKey));
});

const retries = (values: MissionForm) => Number(values.maxAttempts) > 1;

function wholeFault(text: string, least: number, most: number, what: string): string | undefined {
  if (!/^\d+$/.test(text.trim())) return `A whole number of ${what}`;
  const n = Number(text);
  return n < least || n > most ? `From ${least} to ${most} ${what}` : undefined;
}

function secondsFault(text: string, least: number, most: number, mostName: string): string | undefined {
  const seconds = parseSeconds(text);
  if (seconds === undefined) return 'A length of time such as 90s, 15m, 2h or 1d';
  if (seconds < least) return 'At least a second';
  return seconds > most ? `At most ${mostName}` : undefined;
}

function factorFault(text: string): string | undefined {
  return /^\d+(\.\d{1,2})?$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 10
    ? undefined
    : 'From 1 to 10, with at most two decimals';
}

function keyFault(text: string): string | undefined {
  if (bytes(text) > 200) return 'At most 200 bytes';
  if (/\p{Cc}/u.test(text)) return 'No control characters';
  return text === text.trim() ? undefined : 'No spaces at its ends';
}

const dotFault = (text: string) => (text === '.' || text === '..' ? 'Not . or ..' : undefined);

/** The order that right values make. It is silent where the commander's default is meant. */
export function toNewMission(values: MissionForm): NewMission {
  const squad = values.squad.trim();
  return {
    name: values.name.trim(),
    kind: values.kind.trim(),
    payload: JSON.parse(values.payload),
    priority: values.priority === 'normal' ? undefined : values.priority,
    squad: squad === 'default' ? undefined : squad,
    labels:
      values.labels.length > 0
        ? Object.fromEntries(values.labels.map(({ key, value }) => [key, value]))
        : undefined,
    timeout_seconds: Number(values.timeoutSeconds),
    ...(retries(values) && {
      max_attempts: Number(values.maxAttempts),
      retry: {
        delay_seconds: parseSeconds(values.retryDelay),
        factor: Number(values.retryFactor),
        max_delay_seconds: parseSeconds(values.retryMaxDelay),
      },
    }),
    run_at: values.start === 'at' ? iso(values.runAt) : undefined,
    delay_seconds: values.start === 'after' ? parseSeconds(values.delay) : undefined,
    deadline_at: values.deadline === 'at' ? iso(values.deadlineAt) : undefined,
    deadline_seconds: values.deadline === 'after' ? parseSeconds(values.deadlineAfter) : undefined,
    concurrency_key: values.concurrencyKey || undefined,
    unique_key: values.uniqueKey || undefined,
  };
}

const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

/** The fields filled as an order says. */
export function fromOrder(order: NewMission): MissionForm {
  const { retry } = order;
  return {
    ...START,
    name: order.name,
    kind: order.kind ?? START.kind,
    squad: order.squad ?? START.squad,
    priority: order.priority ?? START.priority,
    payload: JSON.stringify(order.payload ?? {}, null, 2),
    timeoutSeconds: String(order.timeout_seconds ?? START.timeoutSeconds),
    labels: Object.entries(order.labels ?? {}).map(([key, value]) => ({ key, value })),
    maxAttempts: String(order.max_attempts ?? 1),
    retryDelay: retry?.delay_seconds === undefined ? START.retryDelay : writeSeconds(retry.delay_seconds),
    retryFactor: String(retry?.factor ?? START.retryFactor),
    retryMaxDelay:
      retry?.max_delay_seconds === undefined ? START.retryMaxDelay : writeSeconds(retry.max_delay_seconds),
    concurrencyKey: order.concurrency_key ?? '',
    uniqueKey: order.unique_key ?? '',
  };
}

/** The field that a refusal of the commander speaks of: `labels` for `labels.team`. */
export function fieldOf(path: string): keyof MissionForm | undefined {
  const known: Record<string, keyof MissionForm> = {
    name: 'name',
    kind: 'kind',
    squad: 'squad',
    priority: 'priority',
    payload: 'payload',
    labels: 'labels',
    timeout_seconds: 'timeoutSeconds',
    run_at: 'runAt',
    delay_seconds: 'delay',
    deadline_at: 'deadlineAt',
    deadline_seconds: 'deadlineAfter',
    max_attempts: 'maxAttempts',
    retry: 'retryDelay',
    'retry.delay_seconds': 'retryDelay',
    'retry.factor': 'retryFactor',
    'retry.max_delay_seconds': 'retryMaxDelay',
    concurrency_key: 'concurrencyKey',
    unique_key: 'uniqueKey',
  };
  return known[path] ?? known[path.split(/[.[]/)[0] ?? ''];
}

const DRAFT = 'mission-control.new-mission';

const kept = z.object({ clone: z.string().optional(), values: missionDraft });

/** What was typed before a reload of this tab, for the same address. */
export function readDraft(clone: string | undefined): MissionForm | undefined {
  try {
    const draft = kept.parse(JSON.parse(sessionStorage.getItem(DRAFT) ?? 'null'));
    return draft.clone === clone ? draft.values : undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(clone: string | undefined, values: MissionForm): void {
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify({ clone, values }));
  } catch {
    // Full or forbidden: the draft then lives as long as the page.
  }
}

export function dropDraft(): void {
  sessionStorage.removeItem(DRAFT);
}

/** crypto.randomUUID needs https or localhost; this works on any host name. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
