// What needs attention, in the commander's words. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';
import { STATUSES } from './missions';

export type Severity = 'critical' | 'warning' | 'info';

const itemWire = z.object({
  id: z.string(),
  code: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  title: z.string(),
  detail: z.string().optional(),
  advice: z.string().optional(),
  since: wireTime.optional(),
  count: z.number().int().optional(),
  squad: z.string().optional(),
  kind: z.string().optional(),
  status: z.enum(STATUSES).optional(),
  schedule: z.string().optional(),
  soldier_id: z.string().optional(),
  mission_id: z.string().optional(),
  bulk_id: z.string().optional(),
  queue: z.string().optional(),
});

export interface AttentionItem {
  /** The same as long as the cause lasts. */
  id: string;
  code: string;
  severity: Severity;
  /** A sentence; detail says why it is thought so, advice what can be done. */
  title: string;
  detail?: string;
  advice?: string;
  since?: number;
  count?: number;
  /** What it is about, for links. */
  about: {
    squad?: string;
    kind?: string;
    status?: (typeof STATUSES)[number];
    schedule?: string;
    soldierId?: string;
    missionId?: string;
    bulkId?: string;
    queue?: string;
  };
}

export interface Attention {
  /** The worst first. */
  items: AttentionItem[];
  checkedAt: number;
}

export const attentionSchema = z
  .object({ items: z.array(itemWire).nullable(), checked_at: wireTime })
  .transform(
    (w): Attention => ({
      checkedAt: w.checked_at,
      items: (w.items ?? []).map((i) => ({
        id: i.id,
        code: i.code,
        severity: i.severity,
        title: i.title,
        detail: i.detail || undefined,
        advice: i.advice || undefined,
        since: i.since,
        count: i.count,
        about: {
          squad: i.squad,
          kind: i.kind,
          status: i.status,
          schedule: i.schedule,
          soldierId: i.soldier_id,
          missionId: i.mission_id,
          bulkId: i.bulk_id,
          queue: i.queue,
        },
      })),
    }),
  );

export const attentionKey = ['attention'] as const;

export function fetchAttention(signal?: AbortSignal) {
  return call({ path: '/attention', schema: attentionSchema, signal });
}
