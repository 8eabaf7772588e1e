// Counts by status, rates and queue depths. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';
import { type MissionStatus, STATUSES } from './missions';

const countsWire = z.object(
  Object.fromEntries(STATUSES.map((status) => [status, z.number().default(0)])) as Record<
    MissionStatus,
    z.ZodDefault<z.ZodNumber>
  >,
);

export const statsSchema = z
  .object({
    counts: countsWire,
    rates: z
      .object({
        created_per_minute: z.number().default(0),
        completed_per_minute: z.number().default(0),
        failed_per_minute: z.number().default(0),
      })
      .optional(),
    oldest_queued: z
      .object({ mission_id: z.string(), created_at: wireTime, squad: z.string().optional() })
      .optional(),
    queues: z
      .array(z.object({ name: z.string(), ready: z.number().default(0), consumers: z.number().default(0) }))
      .nullish(),
  })
  .transform(
    (w): Stats => ({
      counts: w.counts,
      rates: {
        createdPerMinute: w.rates?.created_per_minute ?? 0,
        completedPerMinute: w.rates?.completed_per_minute ?? 0,
        failedPerMinute: w.rates?.failed_per_minute ?? 0,
      },
      oldestQueued: w.oldest_queued && {
        missionId: w.oldest_queued.mission_id,
        createdAt: w.oldest_queued.created_at,
        squad: w.oldest_queued.squad,
      },
      queues: w.queues ?? [],
    }),
  );

export interface QueueDepth {
  name: string;
  ready: number;
  consumers: number;
}

export interface Stats {
  counts: Record<MissionStatus, number>;
  rates: { createdPerMinute: number; completedPerMinute: number; failedPerMinute: number };
  /** The mission that is QUEUED and was created first. */
  oldestQueued?: { missionId: string; createdAt: number; squad?: string };
  queues: QueueDepth[];
}

/** How many missions there are. */
export const countAll = ({ counts }: Stats): number =>
  STATUSES.reduce((sum, status) => sum + counts[status], 0);

export const statsKey = ['stats'] as const;

export function fetchStats(signal?: AbortSignal) {
  return call({ path: '/stats', schema: statsSchema, signal });
}
