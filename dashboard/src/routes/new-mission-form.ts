// The rules of the form. The commander has the last word; these are its limits, told as one types.

import { z } from 'zod';
import { NAME_PATTERN, type NewMission } from '@/services/missions';

const PAYLOAD_LIMIT = 256 * 1024;

export const missionForm = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'Give the mission a name')
    .refine((name) => [...name].length <= 200, 'At most 200 characters')
    .refine((name) => !/\p{Cc}/u.test(name), 'No control characters'),
  kind: z.string().trim().regex(NAME_PATTERN, 'Lower-case letters, digits and . _ - only, at most 64'),
  payload: z.string().superRefine((text, ctx) => {
    const message = payloadFault(text);
    if (message) ctx.addIssue({ code: 'custom', message });
  }),
  timeoutSeconds: z
    .string()
    .trim()
    .regex(/^\d+$/, 'A whole number of seconds')
    .refine((text) => Number(text) >= 1 && Number(text) <= 86_400, 'From 1 to 86400 seconds'),
});

export type MissionForm = z.infer<typeof missionForm>;

/** Says what is wrong with a payload, or undefined. */
export function payloadFault(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return text.trim() === ''
      ? 'Needs a JSON object; {} is the empty one'
      : `Not valid JSON: ${lowerFirst((error as Error).message)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'Needs a JSON object, as in {"seed": 1}';
  }
  if (new TextEncoder().encode(JSON.stringify(value)).length > PAYLOAD_LIMIT) return 'At most 256 KiB';
  return undefined;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

export function toNewMission(values: MissionForm): NewMission {
  return {
    name: values.name,
    kind: values.kind,
    payload: JSON.parse(values.payload),
    timeoutSeconds: Number(values.timeoutSeconds),
  };
}

/** crypto.randomUUID needs https or localhost; this works on any host name. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
