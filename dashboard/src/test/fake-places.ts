// What the fake commander answers for squads, limits, schedules and what was set aside.

import { HttpResponse } from 'msw';
import type { components } from '@/services/openapi.gen';
import { wireMission } from './factories/mission';
import { wireKeyLimit, wireSchedule } from './factories/places';
import { wireSquad } from './factories/system';
import type { FakeCommander } from './fake-commander';

type Schemas = components['schemas'];
type Answer = (request: Request, id: string) => Response | Promise<Response>;

/** Answers for a path, which a test may let fail. */
export type At<H> = (path: string, answer: Answer) => H;

const missing = () =>
  HttpResponse.json(
    { title: 'Not found', status: 404, code: 'not_found', detail: 'There is no such thing.' },
    { status: 404, headers: { 'Content-Type': 'application/problem+json' } },
  );

export function placeHandlers<H>(commander: FakeCommander, at: At<H>): H[] {
  const squad = (
    change: (before: Schemas['Squad'], request: Request) => Promise<Schemas['Squad']>,
  ): Answer => {
    return async (request, id) => {
      const before = commander.squads.find((s) => s.name === id);
      if (!before) return missing();
      const after = await change(before, request);
      commander.squads = commander.squads.map((s) => (s === before ? after : s));
      return HttpResponse.json(after);
    };
  };
  const schedule = (change: (before: Schemas['Schedule']) => Schemas['Schedule']): Answer => {
    return (_, id) => {
      const before = commander.schedules.find((s) => s.name === id);
      if (!before) return missing();
      const after = change(before);
      commander.schedules = commander.schedules.map((s) => (s === before ? after : s));
      return HttpResponse.json(after);
    };
  };
  return [
    at('/soldiers/:id/drain', (_, id) => {
      const before = commander.soldiers.find((s) => s.soldier_id === id && s.state === 'live');
      if (!before) return missing();
      const after = { ...before, draining: true };
      commander.soldiers = commander.soldiers.map((s) => (s === before ? after : s));
      return HttpResponse.json(after, { status: 202 });
    }),
    at('/squads/:id', (_, id) => {
      commander.squads = commander.squads.filter((s) => s.name !== id);
      return HttpResponse.json(wireSquad({ name: id }));
    }),
    at(
      '/squads/:id/pause',
      squad(async (s) => ({ ...s, paused: true })),
    ),
    at(
      '/squads/:id/resume',
      squad(async (s) => ({ ...s, paused: false })),
    ),
    at(
      '/squads/:id/limits',
      squad(async (s, request) => {
        if (request.method === 'DELETE') return { ...s, limits: undefined };
        const { max_running } = (await request.json()) as { max_running: number };
        return { ...s, limits: { max_running, admitted: 0, waiting: 0 } };
      }),
    ),
    at('/limits', () => HttpResponse.json({ limits: commander.limits })),
    at('/limits/:id', async (request, key) => {
      if (request.method === 'GET') {
        const known = commander.limits.find((l) => l.key === key);
        return HttpResponse.json(known ?? wireKeyLimit({ key, max_running: 1, default: true }));
      }
      commander.limits = commander.limits.filter((l) => l.key !== key);
      if (request.method === 'DELETE') {
        return HttpResponse.json(wireKeyLimit({ key, max_running: 1, default: true }));
      }
      const limit = wireKeyLimit({ key, ...((await request.json()) as Schemas['Limit']) });
      commander.limits = [...commander.limits, limit];
      return HttpResponse.json(limit);
    }),
    at('/schedules/:id', async (request, name) => {
      const before = commander.schedules.find((s) => s.name === name);
      if (request.method === 'PUT') {
        const body = (await request.json()) as Schemas['ScheduleRequest'];
        const after = wireSchedule({ ...body, name, updated_at: new Date().toISOString() });
        commander.schedules = [...commander.schedules.filter((s) => s !== before), after];
        return HttpResponse.json(after);
      }
      if (!before) return missing();
      if (request.method === 'DELETE') {
        commander.schedules = commander.schedules.filter((s) => s !== before);
        return HttpResponse.json({ name });
      }
      return HttpResponse.json(before);
    }),
    at(
      '/schedules/:id/pause',
      schedule((s) => ({ ...s, paused: true, next_at: undefined })),
    ),
    at(
      '/schedules/:id/resume',
      schedule((s) => ({ ...s, paused: false })),
    ),
    at('/schedules/:id/run', (_, name) => {
      const mission = wireMission({ name: `run of ${name}` });
      commander.change(mission);
      return HttpResponse.json(mission, { status: 202 });
    }),
    at('/set-aside', (request) => {
      const fits = fitting(commander, new URL(request.url).searchParams);
      if (request.method === 'DELETE') return HttpResponse.json(take(commander, fits));
      const counts = new Map<string, Schemas['SetAsideCount']>();
      for (const { queue, reason = '' } of fits) {
        const known = counts.get(queue + reason) ?? { queue, reason, messages: 0 };
        counts.set(queue + reason, { ...known, messages: known.messages + 1 });
      }
      return HttpResponse.json({ messages: fits, counts: [...counts.values()], complete: true });
    }),
    at('/set-aside/resend', (request) =>
      HttpResponse.json(take(commander, fitting(commander, new URL(request.url).searchParams))),
    ),
    at('/set-aside/:id', (_, id) => {
      const fits = commander.setAside.filter((m) => m.id === id);
      return fits.length > 0 ? HttpResponse.json(take(commander, fits)) : missing();
    }),
    at('/set-aside/:id/resend', (_, id) => {
      const fits = commander.setAside.filter((m) => m.id === id);
      return fits.length > 0 ? HttpResponse.json(take(commander, fits)) : missing();
    }),
  ];
}

function fitting(commander: FakeCommander, query: URLSearchParams) {
  return commander.setAside
    .filter((m) => !query.get('queue') || m.queue === query.get('queue'))
    .filter((m) => !query.get('reason') || m.reason === query.get('reason'));
}

/** They are set aside no more, but those that nobody knows where to send. */
function take(commander: FakeCommander, fits: Schemas['SetAsideMessage'][]): Schemas['SetAsideDone'] {
  commander.setAside = commander.setAside.filter((m) => !fits.includes(m));
  return { messages: fits.length, skipped: 0, complete: true };
}
