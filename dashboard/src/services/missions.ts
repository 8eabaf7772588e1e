// Missions: wire form, domain form, keys and calls.

import type { InfiniteData } from '@tanstack/react-query';
import { z } from 'zod';
import { address } from '@/settings';
import { call, wireTime } from './api';
import type { components } from './openapi.gen';

export const STATUSES = ['SCHEDULED', 'QUEUED', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type MissionStatus = (typeof STATUSES)[number];

/** No further change comes but by an operator's retry. */
export const isFinal = (status: MissionStatus): boolean =>
  status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';

export const PRIORITIES = ['high', 'normal', 'low'] as const;

const missionWire = z.object({
  mission_id: z.string(),
  name: z.string(),
  kind: z.string(),
  payload: z.record(z.string(), z.unknown()).optional(),
  priority: z.enum(PRIORITIES).default('normal'),
  squad: z.string().default('default'),
  labels: z.record(z.string(), z.string()).nullish(),
  concurrency_key: z.string().optional(),
  unique_key: z.string().optional(),
  status: z.enum(STATUSES),
  status_reason: z.string().optional(),
  cancel_requested: z.boolean().default(false),
  attempt: z.number().int().default(1),
  max_attempts: z.number().int().default(1),
  run: z.number().int().default(0),
  losses: z.number().int().default(0),
  timeout_seconds: z.number().default(0),
  retry: z
    .object({ delay_seconds: z.number(), factor: z.number(), max_delay_seconds: z.number() })
    .optional(),
  progress: z.number().default(0),
  progress_text: z.string().optional(),
  soldier_id: z.string().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
  created_at: wireTime,
  updated_at: wireTime.optional(),
  run_at: wireTime.nullish(),
  deadline_at: wireTime.nullish(),
  started_at: wireTime.nullish(),
  finished_at: wireTime.nullish(),
  version: z.number().int(),
  durable: z.enum(['broker']).optional(),
});

export interface MissionError {
  code: string;
  message: string;
}

/** How long a mission waits before its next attempt. */
export interface RetryPolicy {
  delaySeconds: number;
  factor: number;
  maxDelaySeconds: number;
}

/** What holds where an order says nothing. */
export const DEFAULT_RETRY: RetryPolicy = { delaySeconds: 5, factor: 2, maxDelaySeconds: 600 };

/** A mission as this app uses it. Times are milliseconds; absent ones are undefined. */
export interface Mission {
  id: string;
  name: string;
  kind: string;
  /** Absent in lists and events. */
  payload?: Record<string, unknown>;
  priority: (typeof PRIORITIES)[number];
  squad: string;
  labels: Record<string, string>;
  concurrencyKey?: string;
  uniqueKey?: string;
  status: MissionStatus;
  /** Why it waits, in the commander's words. */
  statusReason?: string;
  cancelRequested: boolean;
  attempt: number;
  maxAttempts: number;
  run: number;
  losses: number;
  timeoutSeconds: number;
  retry: RetryPolicy;
  progress: number;
  /** What the handler says to it. Absent in lists and events. */
  progressText?: string;
  soldierId?: string;
  /** Absent in lists and events. */
  result?: unknown;
  error?: MissionError;
  createdAt: number;
  updatedAt: number;
  runAt?: number;
  deadlineAt?: number;
  startedAt?: number;
  finishedAt?: number;
  /** Grows with each change; an event with a lower one is old news. */
  version: number;
  /** Only in the answer to an order: Redis is away, and RabbitMQ keeps it until it is back. */
  keptByBroker?: true;
}

export function toMission(w: z.output<typeof missionWire>): Mission {
  return {
    id: w.mission_id,
    name: w.name,
    kind: w.kind,
    payload: w.payload,
    priority: w.priority,
    squad: w.squad,
    labels: w.labels ?? {},
    concurrencyKey: w.concurrency_key || undefined,
    uniqueKey: w.unique_key || undefined,
    status: w.status,
    statusReason: w.status_reason || undefined,
    cancelRequested: w.cancel_requested,
    attempt: w.attempt,
    maxAttempts: w.max_attempts,
    run: w.run,
    losses: w.losses,
    timeoutSeconds: w.timeout_seconds,
    retry: w.retry
      ? {
          delaySeconds: w.retry.delay_seconds,
          factor: w.retry.factor,
          maxDelaySeconds: w.retry.max_delay_seconds,
        }
      : DEFAULT_RETRY,
    progress: w.progress,
    progressText: w.progress_text || undefined,
    soldierId: w.soldier_id || undefined,
    result: w.result,
    error: w.error ?? undefined,
    createdAt: w.created_at,
    updatedAt: w.updated_at ?? w.created_at,
    runAt: w.run_at ?? undefined,
    deadlineAt: w.deadline_at ?? undefined,
    startedAt: w.started_at ?? undefined,
    finishedAt: w.finished_at ?? undefined,
    version: w.version,
    keptByBroker: w.durable && true,
  };
}

export const missionSchema = missionWire.transform(toMission);

/** How fresh an answer is: from Redis, or from the commander's memory while Redis is away. */
export interface Freshness {
  degraded: boolean;
  asOf?: number;
}

const freshnessWire = z.object({ degraded: z.boolean().default(false), as_of: wireTime.nullish() });

export interface MissionDetail extends Freshness {
  mission: Mission;
}

export const detailSchema = missionWire
  .and(freshnessWire)
  .transform(
    (w): MissionDetail => ({ mission: toMission(w), degraded: w.degraded, asOf: w.as_of ?? undefined }),
  );

export interface MissionPage extends Freshness {
  missions: Mission[];
  nextCursor?: string;
  /** False when the answer may lack missions (it came from memory). */
  complete: boolean;
  /** A name was looked for among so many of the newest missions, and there are more. */
  searched?: number;
}

export const pageSchema = freshnessWire
  .extend({
    missions: z.array(missionSchema).nullable(),
    next_cursor: z.string().nullish(),
    complete: z.boolean().default(true),
    searched: z.number().int().optional(),
  })
  .transform(
    (w): MissionPage => ({
      missions: w.missions ?? [],
      nextCursor: w.next_cursor || undefined,
      complete: w.complete,
      searched: w.searched,
      degraded: w.degraded,
      asOf: w.as_of ?? undefined,
    }),
  );

export interface MissionFilter {
  status?: MissionStatus;
  kind?: string;
  squad?: string;
  /** One label that a mission must have, "KEY:VALUE". */
  label?: string;
  /** A mission's whole id, or the beginning of a name. */
  q?: string;
}

/**
 * Which page of a list. It knows the one before it, so that a list of which only a
 * part is kept can be followed in both directions though the commander's cursors lead in one.
 */
export interface PageParam {
  cursor?: string;
  /** So many rows came before this page when it was asked for. */
  start: number;
  before?: PageParam;
}

export const FIRST_PAGE: PageParam = { start: 0 };

export type MissionPages = InfiniteData<MissionPage, PageParam>;

export const missionKeys = {
  lists: ['missions', 'list'] as const,
  list: (filter: MissionFilter) => ['missions', 'list', filter] as const,
  detail: (id: string) => ['missions', 'detail', id] as const,
};

/** What a kind or a squad may be called. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const PAGE_SIZE = 100;

export function filterQuery(filter: MissionFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.status) query.set('status', filter.status);
  if (filter.kind) query.set('kind', filter.kind);
  if (filter.squad) query.set('squad', filter.squad);
  if (filter.label) query.set('label', filter.label);
  if (filter.q) query.set('q', filter.q);
  return query;
}

/** Where all missions that fit can be downloaded, as lines of JSON. */
export const exportAddress = (filter: MissionFilter): string =>
  address(`api/missions/export?${filterQuery(filter)}`);

export function fetchMissions(filter: MissionFilter, cursor: string | undefined, signal?: AbortSignal) {
  const query = filterQuery(filter);
  query.set('limit', String(PAGE_SIZE));
  if (cursor) query.set('cursor', cursor);
  return call({ path: `/missions?${query}`, schema: pageSchema, signal });
}

export function fetchMission(id: string, signal?: AbortSignal) {
  return call({ path: `/missions/${encodeURIComponent(id)}`, schema: detailSchema, signal });
}

type Wire = components['schemas'];

/** An order, as the contract has it: what is left out is the commander's to fill. */
export type NewMission = Pick<Wire['MissionRequest'], 'name'> &
  Partial<Omit<Wire['MissionRequest'], 'retry'>> & { retry?: Partial<Wire['RetryRequest']> };

/**
 * Orders a mission. The same key again never makes a second one, so a failed call may be repeated. Without a key the
 * order is also taken while Redis is away, and must not be repeated.
 */
export function createMission(order: NewMission, idempotencyKey: string | undefined) {
  return call({
    path: '/missions',
    method: 'POST',
    schema: missionSchema,
    headers: idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {},
    body: order,
  });
}

export function cancelMission(id: string) {
  return call({ path: `/missions/${encodeURIComponent(id)}/cancel`, method: 'POST', schema: missionSchema });
}

export function retryMission(id: string) {
  return call({ path: `/missions/${encodeURIComponent(id)}/retry`, method: 'POST', schema: missionSchema });
}

/** Removes a mission that has ended, for good. No event tells of it. */
export function purgeMission(id: string) {
  return call({ path: `/missions/${encodeURIComponent(id)}`, method: 'DELETE', schema: z.unknown() });
}
