import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { asCurl, asMissionctl, shellQuote } from './commands';

/** What a real shell makes of a command: the words that the program gets, and its standard input. */
function run(command: string): { words: string[]; input: string } {
  const program = `show() { printf '%s\\0' "$#" "$@"; }; curl() { show curl "$@"; cat; }; missionctl() { show missionctl "$@"; cat; };`;
  const out = execFileSync('sh', ['-s'], {
    input: `${program}\n{ ${command}\n} </dev/null`,
    encoding: 'utf8',
  });
  const [count, ...rest] = out.split('\0');
  const words = rest.slice(0, Number(count));
  return { words, input: rest.slice(Number(count)).join('\0') };
}

const NASTY = [
  "it's",
  '"$HOME" `id` $(id) $\u{7b}PATH}',
  'a\nb\\n\\',
  '; rm -rf / #',
  '!! !x *?[a] ~ {a,b}',
  '& | > <',
  "''''",
  'ü 雪 🚀',
  '-- -n',
  '',
  '\t',
];

describe('shellQuote', () => {
  it.each(NASTY)('keeps %j one word', (text) => {
    expect(run(`curl ${shellQuote(text)}`).words).toEqual(['curl', text]);
  });
  it('leaves plain words as they are', () => expect(shellQuote('team:blue')).toBe('team:blue'));
});

describe('commands', () => {
  it.each(NASTY.filter(Boolean))('carry %j through a shell', (text) => {
    const order = { name: text, kind: 'resize', payload: { [text]: text }, labels: { team: text } };
    const curl = run(asCurl('http://localhost:3000/api/missions', order)).words;
    expect(curl.slice(0, 5)).toEqual([
      'curl',
      '-sS',
      'http://localhost:3000/api/missions',
      '-H',
      'Content-Type: application/json',
    ]);
    expect(curl[5]).toBe('--data-raw');
    expect(JSON.parse(curl[6] ?? '')).toEqual(order);

    const { words } = run(asMissionctl(order));
    expect(words.slice(0, 2)).toEqual(['missionctl', 'submit']);
    expect(words).toContain(text);
    expect(words[words.indexOf('--label') + 1]).toBe(`team:${text}`);
    expect(JSON.parse(words[words.indexOf('--payload') + 1] ?? '')).toEqual({ [text]: text });
    if (text.startsWith('-')) expect(words.slice(-2)).toEqual(['--', text]);
  });

  it('say all that an order says', () => {
    const { words } = run(
      asMissionctl({
        name: 'Recon',
        kind: 'simulate',
        priority: 'high',
        squad: 'gpu',
        labels: { a: '1', b: '' },
        timeout_seconds: 60,
        max_attempts: 3,
        retry: { delay_seconds: 30, factor: 1.5, max_delay_seconds: 900 },
        delay_seconds: 90,
        deadline_at: '2030-01-01T00:00:00.000Z',
        concurrency_key: 'customer 42',
        unique_key: 'x',
      }),
    );
    expect(words.slice(2).join('|')).toBe(
      'Recon|--kind|simulate|--priority|high|--squad|gpu|--label|a:1|--label|b:|--timeout-seconds|60|--max-attempts|3' +
        '|--retry-delay|30s|--retry-factor|1.5|--retry-max-delay|900s|--delay|90s|--deadline|2030-01-01T00:00:00.000Z' +
        '|--concurrency-key|customer 42|--unique-key|x',
    );
  });

  it('hand a payload that is too long for an argument to standard input', () => {
    const order = { name: 'Recon', payload: { text: "it's ".repeat(30_000) } };
    const curl = run(asCurl('http://localhost/api/missions', order));
    expect(curl.words.slice(-2)).toEqual(['--data-binary', '@-']);
    expect(JSON.parse(curl.input)).toEqual(order);
    const ctl = run(asMissionctl(order));
    expect(ctl.words.slice(-2)).toEqual(['--payload', '-']);
    expect(JSON.parse(ctl.input)).toEqual(order.payload);
  });
});
