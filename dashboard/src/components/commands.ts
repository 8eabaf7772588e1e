// An order as a command for a shell: what a page does, to be repeated from a terminal or put into a script.

import type { NewMission } from '@/services/missions';

/** One argument is limited to 128 KiB on Linux; a payload over this goes through standard input. */
const ARGUMENT_LIMIT = 100_000;

/** One word for any POSIX shell, whatever is in it. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const isLong = (text: string) => new TextEncoder().encode(shellQuote(text)).length > ARGUMENT_LIMIT;

/** `url` is where missions are ordered. */
export function asCurl(url: string, order: NewMission): string {
  const body = JSON.stringify(order);
  const curl = [`curl -sS ${shellQuote(url)}`, "-H 'Content-Type: application/json'"];
  return isLong(body)
    ? `printf '%s' ${shellQuote(body)} | ${lines([...curl, '--data-binary @-'])}`
    : lines([...curl, `--data-raw ${shellQuote(body)}`]);
}

export function asMissionctl(order: NewMission): string {
  const payload = order.payload === undefined ? undefined : JSON.stringify(order.payload);
  const piped = payload !== undefined && isLong(payload);
  const { retry } = order;
  const flags: [string, string | number | undefined][] = [
    ['kind', order.kind],
    ['payload', piped ? '-' : payload],
    ['priority', order.priority],
    ['squad', order.squad],
    ...Object.entries(order.labels ?? {}).map(([key, value]): [string, string] => [
      'label',
      `${key}:${value}`,
    ]),
    ['timeout-seconds', order.timeout_seconds],
    ['max-attempts', order.max_attempts],
    ['retry-delay', seconds(retry?.delay_seconds)],
    ['retry-factor', retry?.factor],
    ['retry-max-delay', seconds(retry?.max_delay_seconds)],
    ['run-at', order.run_at],
    ['delay', seconds(order.delay_seconds)],
    ['deadline', order.deadline_at ?? seconds(order.deadline_seconds)],
    ['concurrency-key', order.concurrency_key],
    ['unique-key', order.unique_key],
  ];
  const words = [
    `missionctl submit ${order.name.startsWith('-') ? '' : shellQuote(order.name)}`.trimEnd(),
    ...flags
      .filter(([, value]) => value !== undefined)
      .map(([flag, value]) => `--${flag} ${shellQuote(String(value))}`),
    // Flags end here, so that this is no flag.
    ...(order.name.startsWith('-') ? [`-- ${shellQuote(order.name)}`] : []),
  ];
  return `${piped ? `printf '%s' ${shellQuote(payload)} | ` : ''}${lines(words)}`;
}

const seconds = (n: number | undefined) => (n === undefined ? undefined : `${n}s`);

const lines = (words: string[]) => words.join(' \\\n  ');
