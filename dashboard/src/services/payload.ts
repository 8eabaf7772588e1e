// What a mission's payload may be. The commander has the last word; these are its rules, told as one types.

import { jsonFault } from './json-fault';

export const PAYLOAD_LIMIT = 256 * 1024;

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** Whether a number in it may not be the one that was written: JavaScript keeps 53 bits. */
export function isInexact(value: unknown): boolean {
  if (typeof value === 'number') {
    return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  }
  return typeof value === 'object' && value !== null && Object.values(value).some(isInexact);
}

/** Says what is wrong with a payload, or undefined. */
export function payloadFault(text: string): string | undefined {
  if (text.trim() === '') return 'Needs a JSON object; {} is the empty one';
  const fault = jsonFault(text);
  if (fault) return `Not valid JSON, line ${fault.line}, column ${fault.column}: ${fault.message}`;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'Needs a JSON object, as in {"seed": 1}';
  }
  if (isInexact(value)) {
    return 'Has a number beyond ±9007199254740991, which a browser would change: write it as a string, or order with missionctl';
  }
  return bytes(JSON.stringify(value)) > PAYLOAD_LIMIT ? 'At most 256 KiB' : undefined;
}

/** What the commander counts: the JSON without white space. Undefined where it is none. */
export function payloadSize(text: string): number | undefined {
  try {
    return bytes(JSON.stringify(JSON.parse(text)));
  } catch {
    return undefined;
  }
}
