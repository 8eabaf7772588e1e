// Bulk jobs: one action on all missions that fit a filter. The list is pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';
import { type Mission, type MissionStatus, missionSchema, STATUSES } from './missions';

export const BULK_ACTIONS = ['retry', 'cancel', 'purge'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

const filterWire = z.object({
  status: z.enum(STATUSES).optional(),
  kind: z.string().optional(),
  squad: z.string().optional(),
  label: z.string().optional(),
  q: z.string().optional(),
});

export type BulkFilter = z.output<typeof filterWire>;

const jobWire = z.object({
  id: z.string(),
  action: z.enum(BULK_ACTIONS),
  filter: filterWire.optional(),
  all: z.boolean().default(false),
  reason: z.string().optional(),
  state: z.enum(['running', 'done', 'stopped', 'failed']),
  error: z.string().optional(),
  created_at: wireTime,
  finished_at: wireTime.optional(),
  examined: z.number().int(),
  matched: z.number().int(),
  changed: z.number().int(),
  skipped: z.record(z.string(), z.number().int()).optional(),
  failed: z.number().int(),
  failures: z.array(z.object({ mission_id: z.string(), message: z.string() })).optional(),
});

export interface BulkJob {
  id: string;
  action: BulkAction;
  filter: BulkFilter;
  all: boolean;
  reason?: string;
  state: 'running' | 'done' | 'stopped' | 'failed';
  error?: string;
  createdAt: number;
  finishedAt?: number;
  /** So many missions were looked at, chosen, changed, and could not be changed. */
  examined: number;
  matched: number;
  changed: number;
  failed: number;
  /** Left alone when their turn came, by reason. */
  skipped: Record<string, number>;
  /** The first of those that could not be changed. */
  failures: { missionId: string; message: string }[];
}

const toJob = (w: z.output<typeof jobWire>): BulkJob => ({
  id: w.id,
  action: w.action,
  filter: w.filter ?? {},
  all: w.all,
  reason: w.reason || undefined,
  state: w.state,
  error: w.error || undefined,
  createdAt: w.created_at,
  finishedAt: w.finished_at,
  examined: w.examined,
  matched: w.matched,
  changed: w.changed,
  failed: w.failed,
  skipped: w.skipped ?? {},
  failures: (w.failures ?? []).map((f) => ({ missionId: f.mission_id, message: f.message })),
});

export const bulkJobSchema = jobWire.transform(toJob);

export interface BulkJobs {
  /** Newest first. */
  jobs: BulkJob[];
  degraded: boolean;
}

export const bulkJobsSchema = z
  .object({ jobs: z.array(jobWire).nullable(), degraded: z.boolean().default(false) })
  .transform((w): BulkJobs => ({ jobs: (w.jobs ?? []).map(toJob), degraded: w.degraded }));

export const bulkKey = ['bulk'] as const;

export function fetchBulkJobs(signal?: AbortSignal) {
  return call({ path: '/bulk', schema: bulkJobsSchema, signal });
}

/** What a bulk job is to do. An empty filter stands for all missions. */
export interface BulkOrder {
  action: BulkAction;
  filter: BulkFilter;
  reason?: string;
}

export interface BulkPreview {
  /** So many would be changed; more than that where not complete. */
  matched: number;
  complete: boolean;
  /** The newest of them. */
  sample: Mission[];
}

export const bulkPreviewSchema = z.object({
  matched: z.number().int(),
  complete: z.boolean(),
  sample: z.array(missionSchema),
}) satisfies z.ZodType<BulkPreview>;

const body = ({ action, filter, reason }: BulkOrder) => ({
  action,
  ...(Object.values(filter).some((value) => value !== undefined) ? { filter } : { all: true }),
  ...(reason && { reason }),
});

/** What the order would change now. Changes nothing. */
export function previewBulk(order: BulkOrder, signal?: AbortSignal) {
  return call({
    path: '/bulk/preview',
    method: 'POST',
    schema: bulkPreviewSchema,
    body: body(order),
    signal,
  });
}

/** Not to be repeated blindly: a second job would retry again what failed again. */
export function orderBulk(order: BulkOrder) {
  return call({ path: '/bulk', method: 'POST', schema: bulkJobSchema, body: body(order) });
}

/** What is changed already stays so. */
export function stopBulk(id: string) {
  return call({ path: `/bulk/${encodeURIComponent(id)}/stop`, method: 'POST', schema: bulkJobSchema });
}

const CHANGEABLE: Record<BulkAction, readonly MissionStatus[]> = {
  cancel: ['SCHEDULED', 'QUEUED', 'IN_PROGRESS'],
  retry: ['FAILED', 'CANCELLED'],
  purge: ['COMPLETED', 'FAILED', 'CANCELLED'],
};

/** Whether the action can be done to a mission in this state. */
export const isChangeable = (action: BulkAction, mission: Mission): boolean =>
  CHANGEABLE[action].includes(mission.status) && !(action === 'cancel' && mission.cancelRequested);
