// The health of the commander, Redis and RabbitMQ. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';

const checkWire = z.object({
  status: z.enum(['up', 'down', 'warn', 'not_used']),
  latency_ms: z.number().nullish(),
  error: z.string().nullish(),
  warning: z.string().nullish(),
  checked_at: wireTime.nullish(),
  since: wireTime.nullish(),
});

export interface Check {
  /** not_used: there is no such server, the commander's own process does its work. */
  status: 'up' | 'down' | 'warn' | 'not_used';
  latencyMs?: number;
  error?: string;
  warning?: string;
  /** When the round trip ended. */
  checkedAt?: number;
  /** When the commander saw the status change to what it is. */
  since?: number;
}

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  /** Where the stack runs: compose, local or embedded. */
  ground?: string;
  /** The commander's version. */
  version?: string;
  /** By part: redis, rabbitmq, and what later versions add. */
  checks: Record<string, Check>;
}

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'down']),
    ground: z.string().nullish(),
    version: z.string().nullish(),
    checks: z.record(z.string(), checkWire).nullish(),
  })
  .transform(
    (w): Health => ({
      status: w.status,
      ground: w.ground || undefined,
      version: w.version || undefined,
      checks: Object.fromEntries(
        Object.entries(w.checks ?? {}).map(([part, c]) => [
          part,
          {
            status: c.status,
            latencyMs: c.latency_ms ?? undefined,
            error: c.error || undefined,
            warning: c.warning || undefined,
            checkedAt: c.checked_at ?? undefined,
            since: c.since ?? undefined,
          },
        ]),
      ),
    }),
  );

export const healthKey = ['health'] as const;

export function fetchHealth(signal?: AbortSignal) {
  // 503 is an answer here: it says which part is down.
  return call({ path: '/health', schema: healthSchema, signal, alsoAccept: [503] });
}
