// Missions as the commander sends them, a trait for each state.

import type { components } from '@/services/openapi.gen';

export type WireMission = components['schemas']['Mission'];
type Part = Partial<WireMission>;

let made = 0;

/** A queued mission; later ones are newer, as ids tell. */
export function wireMission(part: Part = {}): WireMission {
  made += 1;
  const created = new Date(Date.now() - 60_000 + made).toISOString();
  return {
    mission_id: `0193a5b0-7c1e-7d7a-9c3b-${made.toString(16).padStart(12, '0')}`,
    name: `Mission ${made}`,
    kind: 'simulate',
    priority: 'normal',
    squad: 'default',
    status: 'QUEUED',
    attempt: 1,
    max_attempts: 1,
    run: 0,
    losses: 0,
    timeout_seconds: 300,
    progress: 0,
    created_at: created,
    updated_at: created,
    version: 1,
    ...part,
  };
}

const after = (mission: WireMission, ms: number) =>
  new Date(Date.parse(mission.created_at) + ms).toISOString();
const next = (mission: WireMission, part: Part): WireMission => ({
  ...mission,
  version: mission.version + 1,
  ...part,
});

export const inProgress = (mission: WireMission, part: Part = {}) =>
  next(mission, {
    status: 'IN_PROGRESS',
    run: 1,
    soldier_id: 'soldier-1',
    started_at: after(mission, 500),
    ...part,
  });

export const completed = (mission: WireMission, part: Part = {}) =>
  next(mission, { status: 'COMPLETED', progress: 100, finished_at: after(mission, 9_000), ...part });

export const failed = (mission: WireMission, part: Part = {}) =>
  next(mission, {
    status: 'FAILED',
    finished_at: after(mission, 9_000),
    error: { code: 'failed', message: 'the relay did not answer' },
    ...part,
  });

export const cancelled = (mission: WireMission, part: Part = {}) =>
  next(mission, { status: 'CANCELLED', finished_at: after(mission, 700), ...part });

export const unserved = (mission: WireMission) =>
  next(mission, { status_reason: `no soldier serves the kind ${mission.kind}` });
