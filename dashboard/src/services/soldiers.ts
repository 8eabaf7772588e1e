// The fleet. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';

const soldierWire = z.object({
  soldier_id: z.string(),
  session: z.string().default(''),
  state: z.string().default('live'),
  draining: z.boolean().default(false),
  squads: z.array(z.string()).nullish(),
  kinds: z.array(z.string()).nullish(),
  slots: z.number().int().default(0),
  running: z.array(z.object({ mission_id: z.string(), run: z.number().int().optional() })).nullish(),
  version: z.string().default(''),
  started_at: wireTime.nullish(),
  last_seen_at: wireTime.nullish(),
});

export interface Running {
  missionId: string;
  /** Absent for a claim that has no answer yet. */
  run?: number;
}

export interface Soldier {
  id: string;
  session: string;
  /** False once its session was declared dead. */
  live: boolean;
  /** It was asked to finish what it runs, and end. */
  draining: boolean;
  squads: string[];
  kinds: string[];
  slots: number;
  running: Running[];
  version: string;
  startedAt?: number;
  lastSeenAt?: number;
}

const toSoldier = (s: z.output<typeof soldierWire>): Soldier => ({
  id: s.soldier_id,
  session: s.session,
  live: s.state !== 'dead',
  draining: s.draining,
  squads: s.squads ?? [],
  kinds: s.kinds ?? [],
  slots: s.slots,
  running: (s.running ?? []).map((r) => ({ missionId: r.mission_id, run: r.run })),
  version: s.version,
  startedAt: s.started_at ?? undefined,
  lastSeenAt: s.last_seen_at ?? undefined,
});

export const soldierSchema = soldierWire.transform(toSoldier);

export const soldiersSchema = z
  .object({ soldiers: z.array(soldierWire).nullable() })
  .transform((w): Soldier[] => (w.soldiers ?? []).map(toSoldier));

export const soldiersKey = ['soldiers'] as const;

export function fetchSoldiers(signal?: AbortSignal) {
  return call({ path: '/soldiers', schema: soldiersSchema, signal });
}

/** It takes nothing more, finishes what it runs, and ends. Asking again changes nothing. */
export function drainSoldier(id: string) {
  return call({
    path: `/soldiers/${encodeURIComponent(id)}/drain`,
    method: 'POST',
    body: {},
    schema: soldierSchema,
  });
}
