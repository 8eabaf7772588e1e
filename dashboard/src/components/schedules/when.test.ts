import { expect, it } from 'vitest';
import { inWords } from './when';

it.each([
  ['* * * * *', 'every minute'],
  ['*/5 * * * *', 'every 5 minutes'],
  ['0 * * * *', 'every hour'],
  ['30 * * * *', 'every hour at minute 30'],
  ['30 2 * * *', 'every day at 02:30'],
  ['0 6,18 * * *', 'every day at 06:00 and 18:00'],
  ['30 2 * * 1-5', 'Monday to Friday at 02:30'],
  ['30 2 * * MON-fri', 'Monday to Friday at 02:30'],
  ['0 9 * * 0,3,6', 'on Sunday, Wednesday and Saturday at 09:00'],
  ['0 0 15 * *', 'on day 15 of each month at 00:00'],
  ['0 30 2 * * *', 'every day at 02:30'],
  ['@daily', 'every day at 00:00'],
])('%s is %s', (cron, words) => {
  expect(inWords({ cron })).toBe(words);
});

it.each([
  '*/7 * * * *',
  '15 30 2 * * *',
  '0 0 1 1 *',
  '0 0 1 * 1',
  '0 8-18 * * *',
  '0 0 * * 7',
  '@reboot',
  'nonsense',
])('leaves %s to its text, rather than say it wrongly', (cron) => {
  expect(inWords({ cron })).toBeUndefined();
});

it.each([
  [1, 'every 1 s'],
  [90, 'every 1 min 30 s'],
  [3600, 'every 1 h'],
])('%i seconds are %s', (everySeconds, words) => {
  expect(inWords({ everySeconds })).toBe(words);
});
