// The numbers over time, and what missions fail with.

import { z } from 'zod';
import { call, wireTime } from './api';

export const RANGES = ['1h', '6h', '24h', '7d'] as const;
export type Range = (typeof RANGES)[number];

const percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });

/** In milliseconds. */
export type Percentiles = z.output<typeof percentiles>;

const pointWire = z.object({
  at: wireTime,
  created: z.number(),
  completed: z.number(),
  failed: z.number(),
  cancelled: z.number(),
  wait_ms: percentiles.optional(),
  run_ms: percentiles.optional(),
  queued: z.number().optional(),
  in_progress: z.number().optional(),
  scheduled: z.number().optional(),
  oldest_queued_seconds: z.number().optional(),
  slots: z.number().optional(),
  busy: z.number().optional(),
});

/** One step. What nobody measured in it is absent, which is not 0. */
export interface TrendPoint {
  /** When the step began. */
  at: number;
  created: number;
  completed: number;
  failed: number;
  cancelled: number;
  waitMs?: Percentiles;
  runMs?: Percentiles;
  queued?: number;
  inProgress?: number;
  scheduled?: number;
  oldestQueuedSeconds?: number;
  slots?: number;
  busy?: number;
}

const toPoint = (w: z.output<typeof pointWire>): TrendPoint => ({
  at: w.at,
  created: w.created,
  completed: w.completed,
  failed: w.failed,
  cancelled: w.cancelled,
  waitMs: w.wait_ms,
  runMs: w.run_ms,
  queued: w.queued,
  inProgress: w.in_progress,
  scheduled: w.scheduled,
  oldestQueuedSeconds: w.oldest_queued_seconds,
  slots: w.slots,
  busy: w.busy,
});

export interface Trends {
  range: Range;
  stepSeconds: number;
  /** Oldest first; steps of which nothing is known are missing. */
  points: TrendPoint[];
  degraded: boolean;
}

export const trendsSchema = z
  .object({
    range: z.enum(RANGES),
    step_seconds: z.number(),
    points: z.array(pointWire).nullable(),
    degraded: z.boolean().default(false),
  })
  .transform(
    (w): Trends => ({
      range: w.range,
      stepSeconds: w.step_seconds,
      points: (w.points ?? []).map(toPoint),
      degraded: w.degraded,
    }),
  );

/** What the stream brings: the step of 10 s that has just ended. */
export const trendSchema = z
  .object({ step_seconds: z.number(), point: pointWire })
  .transform((w) => ({ stepSeconds: w.step_seconds, point: toPoint(w.point) }));

export const trendKeys = { of: (range: Range) => ['trends', range] as const };

export function fetchTrends(range: Range, signal?: AbortSignal) {
  return call({ path: `/stats/history?range=${range}`, schema: trendsSchema, signal });
}

export const FAILURE_RANGES = ['1h', '24h'] as const;
export type FailureRange = (typeof FAILURE_RANGES)[number];

export interface FailureGroup {
  kind: string;
  code: string;
  /** That of the newest. */
  message: string;
  count: number;
  firstAt: number;
  lastAt: number;
  /** The newest. */
  missionId: string;
}

export interface Failures {
  range: FailureRange;
  /** The most frequent first. */
  groups: FailureGroup[];
  /** Failures in no group that is listed. */
  others: number;
  degraded: boolean;
}

export const failuresSchema = z
  .object({
    range: z.enum(FAILURE_RANGES),
    groups: z
      .array(
        z.object({
          kind: z.string(),
          code: z.string(),
          message: z.string(),
          count: z.number(),
          first_at: wireTime,
          last_at: wireTime,
          mission_id: z.string(),
        }),
      )
      .nullable(),
    others: z.number().default(0),
    degraded: z.boolean().default(false),
  })
  .transform(
    (w): Failures => ({
      range: w.range,
      others: w.others,
      degraded: w.degraded,
      groups: (w.groups ?? []).map((g) => ({
        kind: g.kind,
        code: g.code,
        message: g.message,
        count: g.count,
        firstAt: g.first_at,
        lastAt: g.last_at,
        missionId: g.mission_id,
      })),
    }),
  );

export const failureKeys = { of: (range: FailureRange) => ['failures', range] as const };

export function fetchFailures(range: FailureRange, signal?: AbortSignal) {
  return call({ path: `/failures?range=${range}`, schema: failuresSchema, signal });
}
