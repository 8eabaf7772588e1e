// How many missions of one concurrency key may run at once.

import { z } from 'zod';
import { call } from './api';

export const limitSchema = z
  .object({
    key: z.string(),
    max_running: z.number().int(),
    rate: z.object({ starts: z.number(), period_seconds: z.number() }).optional(),
    default: z.boolean().default(false),
    admitted: z.number().int(),
    waiting: z.number().int(),
  })
  .transform(
    (w): KeyLimit => ({
      key: w.key,
      maxRunning: w.max_running,
      rate: w.rate && { starts: w.rate.starts, periodSeconds: w.rate.period_seconds },
      isDefault: w.default,
      admitted: w.admitted,
      waiting: w.waiting,
    }),
  );

export interface KeyLimit {
  key: string;
  maxRunning: number;
  /** So many may start in a while. */
  rate?: { starts: number; periodSeconds: number };
  /** Nobody set it. */
  isDefault: boolean;
  /** Missions that have a place, so that they run or are ordered. */
  admitted: number;
  waiting: number;
}

export const limitKeys = {
  /** With the version of the mission that asks: its changes are when the numbers are worth reading again. */
  at: (key: string, version: number) => ['limits', key, version] as const,
};

export function fetchLimit(key: string, signal?: AbortSignal) {
  return call({ path: `/limits/${encodeURIComponent(key)}`, schema: limitSchema, signal });
}
