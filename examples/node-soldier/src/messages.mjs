// Orders read, and the ends of handlers put into words: sections 6 and 9 of docs/protocol.md.

const MAX_RESULT_BYTES = 256 << 10;
const MAX_MESSAGE_BYTES = 8 << 10;
const MAX_CODE_BYTES = 64;

/** A handler's failure with a code of its own. */
export class Failure extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Why a handler's signal was aborted: signal.reason. */
export const Cause = Object.freeze({
  TIMEOUT: 'timeout', // timeout_seconds are over
  CANCELLED: 'cancelled', // somebody cancelled the mission
  SUPERSEDED: 'superseded', // nothing of this execution counts any more
  DRAINING: 'draining', // the soldier stops
});

/** An order, of which `mission`, `seal` and `dispatched_at` matter; null where it can not be read. */
export function readOrder(body) {
  let order;
  try {
    order = JSON.parse(body.toString());
  } catch {
    return null;
  }
  const m = order?.mission;
  const sound =
    order?.v === 1 &&
    order.type === 'order' &&
    typeof m?.mission_id === 'string' &&
    m.mission_id !== '' &&
    typeof m.kind === 'string' &&
    m.kind !== '' &&
    Number.isInteger(m.attempt) &&
    m.attempt >= 1 &&
    Number.isInteger(m.timeout_seconds) &&
    m.timeout_seconds >= 1;
  return sound ? order : null;
}

/** What is reported of a handler that returned. */
export function completed(result) {
  if (result === undefined || result === null) {
    return { status: 'COMPLETED' };
  }
  let bytes;
  try {
    bytes = Buffer.byteLength(JSON.stringify(result));
  } catch (err) {
    return failed('invalid_result', `the result is no JSON: ${err.message}`);
  }
  if (bytes > MAX_RESULT_BYTES) {
    return failed(
      'result_too_large',
      `the result is ${bytes} bytes of JSON, at most ${MAX_RESULT_BYTES} are kept`,
    );
  }
  return { status: 'COMPLETED', result };
}

/** What is reported of a handler that threw, after it was told to end for a cause, or without one. */
export function ending(cause, err) {
  const text = err instanceof Error ? err.message : String(err);
  switch (cause) {
    case Cause.DRAINING:
      return { status: 'RELEASED' };
    case Cause.TIMEOUT:
      return failed('timeout', `the handler ran past timeout_seconds: ${text}`);
    case Cause.CANCELLED:
      return failed('cancelled', `the handler was cancelled: ${text}`);
    default: {
      const own = err instanceof Failure && err.code !== '' && Buffer.byteLength(err.code) <= MAX_CODE_BYTES;
      return failed(own ? err.code : 'failed', text);
    }
  }
}

export function failed(code, message) {
  return { status: 'FAILED', error: { code, message: cut(message, MAX_MESSAGE_BYTES) } };
}

/** Cuts a text to so many bytes of UTF-8, between two characters. */
function cut(text, max) {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) {
    return text;
  }
  let end = max;
  while ((bytes[end] & 0xc0) === 0x80) {
    end--;
  }
  return bytes.subarray(0, end).toString();
}
