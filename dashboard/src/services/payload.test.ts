import { describe, expect, it } from 'vitest';
import { payloadFault } from './payload';

describe('payloadFault', () => {
  it.each(['{"a": 9007199254740991}', '{"a": -1.5e10}', '{"a": [0.1, "9007199254740993"]}'])(
    'takes %s',
    (text) => expect(payloadFault(text)).toBeUndefined(),
  );

  // JavaScript would order another number than the one that was written.
  it.each(['{"a": 9007199254740993}', '{"a": {"b": [1e400]}}'])('refuses %s', (text) =>
    expect(payloadFault(text)).toMatch(/a browser would change/),
  );
});
