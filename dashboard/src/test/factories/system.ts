// Soldiers, stats and health as the commander sends them.

import type { components } from '@/services/openapi.gen';

type Schemas = components['schemas'];

export function wireSoldier(part: Partial<Schemas['Soldier']> = {}): Schemas['Soldier'] {
  return {
    soldier_id: 'soldier-1',
    session: `session of ${part.soldier_id ?? 'soldier-1'}`,
    state: 'live',
    squads: ['default'],
    kinds: ['simulate'],
    slots: 16,
    running: [],
    version: 'v0.1.0',
    started_at: new Date(Date.now() - 60_000).toISOString(),
    last_seen_at: new Date().toISOString(),
    ...part,
  };
}

export function wireStats(counts: Partial<Schemas['Stats']['counts']> = {}): Schemas['Stats'] {
  return {
    counts: { SCHEDULED: 0, QUEUED: 0, IN_PROGRESS: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0, ...counts },
    rates: { created_per_minute: 6, completed_per_minute: 5, failed_per_minute: 1 },
    queues: [{ name: 'orders_queue', ready: 2, consumers: 3 }],
    degraded: false,
  };
}

const UP = { status: 'up', latency_ms: 1.2 } as const;
const REFUSED = { status: 'down', latency_ms: 0, error: 'connection refused' } as const;

export const healthy = (): Schemas['Health'] => ({
  status: 'ok',
  ground: 'local',
  version: 'v0.1.0',
  checks: { redis: UP, rabbitmq: UP },
});

export const embedded = (): Schemas['Health'] => ({
  ...healthy(),
  ground: 'embedded',
  checks: { redis: { status: 'not_used', latency_ms: 0 }, rabbitmq: { status: 'not_used', latency_ms: 0 } },
});

export const warning = (): Schemas['Health'] => ({
  ...healthy(),
  checks: { redis: { status: 'warn', latency_ms: 0.4, warning: 'appendfsync is everysec' }, rabbitmq: UP },
});

export const redisAway = (): Schemas['Health'] => ({
  ...healthy(),
  status: 'degraded',
  checks: { redis: REFUSED, rabbitmq: UP },
});

export const rabbitAway = (): Schemas['Health'] => ({
  ...healthy(),
  status: 'degraded',
  checks: { redis: UP, rabbitmq: REFUSED },
});

export const allAway = (): Schemas['Health'] => ({
  ...healthy(),
  status: 'down',
  checks: { redis: REFUSED, rabbitmq: REFUSED },
});

export const wireAttention = (items: Schemas['Attention']['items'] = []): Schemas['Attention'] => ({
  items,
  checked_at: new Date().toISOString(),
});

export const wireSquad = (part: Partial<Schemas['Squad']> = {}): Schemas['Squad'] => ({
  name: 'default',
  paused: false,
  soldiers: 1,
  slots: 16,
  scheduled: 0,
  queued: 0,
  running: 0,
  ready: 0,
  ...part,
});

export const wirePoint = (part: Partial<Schemas['TrendPoint']> = {}): Schemas['TrendPoint'] => ({
  at: new Date(Math.floor(Date.now() / 10_000) * 10_000 - 10_000).toISOString(),
  created: 3,
  completed: 2,
  failed: 0,
  cancelled: 0,
  ...part,
});

const STEP_SECONDS = { '1h': 10, '6h': 60, '24h': 300, '7d': 1_800 };

export const wireTrends = (
  range: Schemas['StatsHistory']['range'],
  points: Schemas['TrendPoint'][] = [],
): Schemas['StatsHistory'] => ({ range, step_seconds: STEP_SECONDS[range], points, degraded: false });
