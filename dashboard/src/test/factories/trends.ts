// Numbers over time, failures and attention as the commander sends them.

import type { components } from '@/services/openapi.gen';

type Schemas = components['schemas'];

/** Steps of 10 s one after another, the last one just over. */
export function wireSteps(steps: Partial<Schemas['TrendPoint']>[]): Schemas['TrendPoint'][] {
  const end = Math.floor(Date.now() / 10_000) * 10_000;
  return steps.map((step, i) =>
    wireStep({ at: new Date(end - (steps.length - i) * 10_000).toISOString(), ...step }),
  );
}

/** A step in which missions came, went and failed. */
export function wireStep(part: Partial<Schemas['TrendPoint']> = {}): Schemas['TrendPoint'] {
  return {
    at: new Date().toISOString(),
    created: 20,
    completed: 18,
    failed: 2,
    cancelled: 0,
    wait_ms: { p50: 4, p95: 12, p99: 31 },
    run_ms: { p50: 210, p95: 480, p99: 900 },
    queued: 3,
    in_progress: 5,
    scheduled: 1,
    oldest_queued_seconds: 2.5,
    slots: 48,
    busy: 5,
    ...part,
  };
}

export function wireFailure(part: Partial<Schemas['FailureGroup']> = {}): Schemas['FailureGroup'] {
  return {
    kind: 'send-mail',
    code: 'smtp_timeout',
    message: 'smtp-3.example did not answer',
    count: 37,
    first_at: new Date(Date.now() - 1_800_000).toISOString(),
    last_at: new Date(Date.now() - 20_000).toISOString(),
    mission_id: '0193a5b0-7c1e-7d7a-9c3b-00000000f00d',
    ...part,
  };
}

export function wireItem(part: Partial<Schemas['AttentionItem']> = {}): Schemas['AttentionItem'] {
  return {
    id: 'squad_unserved:mail',
    code: 'squad_unserved',
    severity: 'warning',
    title: 'No soldier serves squad mail',
    ...part,
  };
}
