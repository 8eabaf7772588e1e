// The health of the commander, Redis and RabbitMQ. Pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call } from './api';

const checkWire = z.object({
  status: z.enum(['up', 'down', 'warn']),
  latency_ms: z.number().nullish(),
  error: z.string().nullish(),
  warning: z.string().nullish(),
  subscribed: z.boolean().nullish(),
});

export interface Check {
  status: 'up' | 'down' | 'warn';
  latencyMs?: number;
  error?: string;
  warning?: string;
  /** RabbitMQ only: whether the commander takes messages from its queues. */
  subscribed?: boolean;
}

export interface Health {
  status: 'ok' | 'degraded' | 'down';
  /** Where the stack runs: compose, local or embedded. */
  ground?: string;
  /** By part: redis, rabbitmq, and what later versions add. */
  checks: Record<string, Check>;
}

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'down']),
    ground: z.string().nullish(),
    checks: z.record(z.string(), checkWire).nullish(),
  })
  .transform(
    (w): Health => ({
      status: w.status,
      ground: w.ground || undefined,
      checks: Object.fromEntries(
        Object.entries(w.checks ?? {}).map(([part, c]) => [
          part,
          {
            status: c.status,
            latencyMs: c.latency_ms ?? undefined,
            error: c.error || undefined,
            warning: c.warning || undefined,
            subscribed: c.subscribed ?? undefined,
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
