// Limits, schedules and what was set aside, as the commander sends them.

import type { components } from '@/services/openapi.gen';

type Schemas = components['schemas'];

export function wireKeyLimit(part: Partial<Schemas['KeyLimit']> = {}): Schemas['KeyLimit'] {
  return { key: 'mail-provider', max_running: 4, admitted: 4, waiting: 9, ...part };
}

export function wireSchedule(part: Partial<Schemas['Schedule']> = {}): Schemas['Schedule'] {
  const made = new Date(Date.now() - 86_400_000).toISOString();
  return {
    name: 'nightly',
    cron: '30 2 * * 1-5',
    time_zone: 'Europe/Berlin',
    mission: {
      name: 'Nightly report',
      kind: 'simulate',
      payload: { seed: 1 },
      priority: 'high',
      squad: 'default',
      max_attempts: 1,
      timeout_seconds: 300,
    },
    missed: 'last',
    overlap: 'skip',
    paused: false,
    created_at: made,
    updated_at: made,
    next_at: new Date(Date.now() + 3_600_000).toISOString(),
    ...part,
  };
}

let aside = 0;

export function wireSetAside(part: Partial<Schemas['SetAsideMessage']> = {}): Schemas['SetAsideMessage'] {
  aside += 1;
  return {
    id: aside.toString(16).padStart(32, '0'),
    queue: 'status_refused_queue',
    from: 'status_queue',
    type: 'status',
    reason: 'superseded',
    detail: 'run 2 has the mission',
    size: 17,
    body: { mission: 'one' },
    ...part,
  };
}
