// Squads: named groups of soldiers with queues of their own. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';

const squadWire = z.object({
  name: z.string(),
  paused: z.boolean(),
  soldiers: z.number().int(),
  slots: z.number().int(),
  scheduled: z.number().int().optional(),
  queued: z.number().int().optional(),
  running: z.number().int().optional(),
  ready: z.number().int().optional(),
  created_at: wireTime.optional(),
  limits: z
    .object({ max_running: z.number().int(), admitted: z.number().int(), waiting: z.number().int() })
    .optional(),
});

/** Missions by status. */
export interface Unended {
  scheduled: number;
  queued: number;
  running: number;
}

export interface Squad {
  name: string;
  paused: boolean;
  /** Live ones that serve it; they may serve others, too. */
  soldiers: number;
  slots: number;
  /** Missions that have not ended; undefined while they are not counted. */
  missions?: Unended;
  /** Orders that wait for a soldier; undefined while RabbitMQ can't be asked. */
  ready?: number;
  createdAt?: number;
  /** Undefined where none is set, or while that can't be asked. */
  limits?: { maxRunning: number; admitted: number; waiting: number };
}

// Known together, or not at all.
function toUnended({ scheduled, queued, running }: z.output<typeof squadWire>): Unended | undefined {
  if (scheduled === undefined || queued === undefined || running === undefined) return undefined;
  return { scheduled, queued, running };
}

const toSquad = (w: z.output<typeof squadWire>): Squad => ({
  name: w.name,
  paused: w.paused,
  soldiers: w.soldiers,
  slots: w.slots,
  missions: toUnended(w),
  ready: w.ready,
  createdAt: w.created_at,
  limits: w.limits && {
    maxRunning: w.limits.max_running,
    admitted: w.limits.admitted,
    waiting: w.limits.waiting,
  },
});

export const squadSchema = squadWire.transform(toSquad);

export interface Squads {
  squads: Squad[];
  degraded: boolean;
  asOf?: number;
}

export const squadsSchema = z
  .object({
    squads: z.array(squadWire).nullable(),
    degraded: z.boolean().default(false),
    as_of: wireTime.nullish(),
  })
  .transform(
    (w): Squads => ({
      squads: (w.squads ?? []).map(toSquad),
      degraded: w.degraded,
      asOf: w.as_of ?? undefined,
    }),
  );

export const squadsKey = ['squads'] as const;

export function fetchSquads(signal?: AbortSignal) {
  return call({ path: '/squads', schema: squadsSchema, signal });
}

const at = (name: string, rest = '') => `/squads/${encodeURIComponent(name)}${rest}`;

/** None of its missions starts until it is resumed. */
export function pauseSquad(name: string) {
  return call({ path: at(name, '/pause'), method: 'POST', body: {}, schema: squadSchema });
}

export function resumeSquad(name: string) {
  return call({ path: at(name, '/resume'), method: 'POST', body: {}, schema: squadSchema });
}

/** How many of its missions may run at once; undefined is any number. */
export function limitSquad(name: string, maxRunning: number | undefined) {
  return maxRunning === undefined
    ? call({ path: at(name, '/limits'), method: 'DELETE', body: {}, schema: squadSchema })
    : call({
        path: at(name, '/limits'),
        method: 'PUT',
        body: { max_running: maxRunning },
        schema: squadSchema,
      });
}

/** 409 while something of it waits or runs, or a live soldier serves it. */
export function removeSquad(name: string) {
  return call({ path: at(name), method: 'DELETE', body: {}, schema: squadSchema });
}
