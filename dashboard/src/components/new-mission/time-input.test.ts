import { describe, expect, it } from 'vitest';
import { fromTimeField, parseSeconds, toTimeField, writeSeconds } from './time-input';

describe('parseSeconds', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['15 min', 900],
    ['1h 30m', 5_400],
    ['2d', 172_800],
    [' 1H ', 3_600],
    ['0s', 0],
  ])('reads %j', (text, seconds) => expect(parseSeconds(text)).toBe(seconds));
  it.each(['', 'x', '1.5h', '-5s', '5 weeks', '1h30'])('refuses %j', (text) =>
    expect(parseSeconds(text)).toBeUndefined(),
  );
  it.each([0, 1, 60, 90, 3_600, 5_400, 86_400, 90_000])('reads what is written for %d', (seconds) =>
    expect(parseSeconds(writeSeconds(seconds))).toBe(seconds),
  );
});

describe('time fields', () => {
  const at = Date.UTC(2030, 6, 1, 12, 30, 15);
  it('speak UTC', () => expect(toTimeField(at, 'utc')).toBe('2030-07-01T12:30:15'));
  it.each(['utc', 'local'] as const)('read what they show, in %s', (zone) =>
    expect(fromTimeField(toTimeField(at, zone), zone)).toBe(at),
  );
  it('are empty for no moment, and none while they are not whole', () => {
    expect(toTimeField(undefined, 'local')).toBe('');
    expect(fromTimeField('', 'utc')).toBeUndefined();
  });
});
