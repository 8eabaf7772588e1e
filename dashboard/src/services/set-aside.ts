// What was set aside for a person. Looking at it takes the messages on loan, and up to 60 s: fetched when asked for alone.

import { z } from 'zod';
import { call } from './api';

export const SET_ASIDE_QUEUES = [
  'status_refused_queue',
  'submissions_refused_queue',
  'orders_dead_queue',
] as const;
export type SetAsideQueue = (typeof SET_ASIDE_QUEUES)[number];

const queueWire = z.enum(SET_ASIDE_QUEUES);

const messageWire = z.object({
  id: z.string(),
  queue: queueWire,
  from: z.string().optional(),
  type: z.string().optional(),
  reason: z.string().optional(),
  detail: z.string().optional(),
  size: z.number().int(),
  body: z.unknown().optional(),
  body_base64: z.string().optional(),
});

export interface SetAsideMessage {
  id: string;
  queue: SetAsideQueue;
  /** Where it came from and is sent again; undefined where nobody knows, and then it can't be. */
  from?: string;
  type?: string;
  reason?: string;
  detail?: string;
  /** The body's bytes. */
  size: number;
  /** JSON, where it is JSON of at most 64 KiB. */
  body?: unknown;
  /** Anything else of at most 64 KiB. */
  bodyBase64?: string;
}

export interface SetAsideCount {
  queue: SetAsideQueue;
  reason: string;
  messages: number;
}

export interface SetAside {
  messages: SetAsideMessage[];
  counts: SetAsideCount[];
  /** False: there is more than was looked at. */
  complete: boolean;
}

const toMessage = (w: z.output<typeof messageWire>): SetAsideMessage => ({
  id: w.id,
  queue: w.queue,
  from: w.from || undefined,
  type: w.type || undefined,
  reason: w.reason || undefined,
  detail: w.detail || undefined,
  size: w.size,
  body: w.body,
  bodyBase64: w.body_base64,
});

export const setAsideSchema = z
  .object({
    messages: z.array(messageWire).nullable(),
    counts: z
      .array(z.object({ queue: queueWire, reason: z.string(), messages: z.number().int() }))
      .nullable(),
    complete: z.boolean(),
  })
  .transform(
    (w): SetAside => ({
      messages: (w.messages ?? []).map(toMessage),
      counts: w.counts ?? [],
      complete: w.complete,
    }),
  );

/** What an action did. */
export const setAsideDoneSchema = z.object({
  messages: z.number().int(),
  /** They fit, and can't be sent again. */
  skipped: z.number().int(),
  /** False: ask again. */
  complete: z.boolean(),
});
export type SetAsideDone = z.output<typeof setAsideDoneSchema>;

export const setAsideKeys = {
  all: ['set-aside'] as const,
  /** Of one queue and reason, or all. */
  list: (queue?: SetAsideQueue, reason?: string) => ['set-aside', queue ?? '', reason ?? ''] as const,
};

/** How many messages are shown at once; all are counted. */
export const SET_ASIDE_SHOWN = 50;

export function fetchSetAside(which: Partial<Which>, signal?: AbortSignal) {
  return call({
    path: `/set-aside?${query({ ...which, limit: String(SET_ASIDE_SHOWN) })}`,
    schema: setAsideSchema,
    signal,
  });
}

/** One message, or all of a queue and reason. */
export interface Which {
  queue: SetAsideQueue;
  reason?: string;
}
export type Target = { id: string } | Which;

export function resendSetAside(target: Target) {
  const path =
    'id' in target
      ? `/set-aside/${encodeURIComponent(target.id)}/resend`
      : `/set-aside/resend?${query({ ...target })}`;
  return call({ path, method: 'POST', schema: setAsideDoneSchema });
}

export function dropSetAside(target: Target) {
  const path =
    'id' in target ? `/set-aside/${encodeURIComponent(target.id)}` : `/set-aside?${query({ ...target })}`;
  return call({ path, method: 'DELETE', schema: setAsideDoneSchema });
}

function query(parts: Record<string, string | undefined>): string {
  return new URLSearchParams(
    Object.entries(parts).filter((part): part is [string, string] => part[1] !== undefined),
  ).toString();
}
