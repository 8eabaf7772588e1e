// Limits by concurrency key. Not pushed: fetched when asked for.

import { z } from 'zod';
import { call } from './api';

const keyLimitWire = z.object({
  key: z.string(),
  max_running: z.number().int(),
  rate: z.object({ starts: z.number().int(), period_seconds: z.number().int() }).optional(),
  default: z.boolean().default(false),
  admitted: z.number().int(),
  waiting: z.number().int(),
});

export interface Rate {
  starts: number;
  periodSeconds: number;
}

export interface KeyLimit {
  key: string;
  maxRunning: number;
  /** How many may start in how long; undefined is as fast as they come. */
  rate?: Rate;
  /** Nobody set it: one at a time. */
  isDefault: boolean;
  /** Missions that have a place. */
  admitted: number;
  /** Missions that wait for one. */
  waiting: number;
}

const toKeyLimit = (w: z.output<typeof keyLimitWire>): KeyLimit => ({
  key: w.key,
  maxRunning: w.max_running,
  rate: w.rate && { starts: w.rate.starts, periodSeconds: w.rate.period_seconds },
  isDefault: w.default,
  admitted: w.admitted,
  waiting: w.waiting,
});

export const limitSchema = keyLimitWire.transform(toKeyLimit);

export const limitsSchema = z
  .object({ limits: z.array(keyLimitWire).nullable() })
  .transform((w): KeyLimit[] => (w.limits ?? []).map(toKeyLimit));

export const limitsKey = ['limits'] as const;

export function fetchLimits(signal?: AbortSignal) {
  return call({ path: '/limits', schema: limitsSchema, signal });
}

const at = (key: string) => `/limits/${encodeURIComponent(key)}`;

export function setLimit(key: string, limit: { maxRunning: number; rate?: Rate }) {
  return call({
    path: at(key),
    method: 'PUT',
    body: {
      max_running: limit.maxRunning,
      ...(limit.rate && { rate: { starts: limit.rate.starts, period_seconds: limit.rate.periodSeconds } }),
    },
    schema: limitSchema,
  });
}

/** One at a time again. */
export function removeLimit(key: string) {
  return call({ path: at(key), method: 'DELETE', body: {}, schema: limitSchema });
}

export const limitKeys = {
  /** With the version of the mission that asks: its changes are when the numbers are worth reading again. */
  at: (key: string, version: number) => ['limits', key, version] as const,
};

export function fetchLimit(key: string, signal?: AbortSignal) {
  return call({ path: `/limits/${encodeURIComponent(key)}`, schema: limitSchema, signal });
}
