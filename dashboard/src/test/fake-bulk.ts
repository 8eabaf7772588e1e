// What the fake commander does to many missions: bulk jobs, which a test ends itself.

import { HttpResponse, type http } from 'msw';
import type { components } from '@/services/openapi.gen';
import type { WireMission } from './factories/mission';
import type { FakeCommander } from './fake-commander';

type Schemas = components['schemas'];
type At = (
  path: string,
  answer: (request: Request, id: string) => Response | Promise<Response>,
) => ReturnType<typeof http.all>;

const POSSIBLE: Record<Schemas['BulkAction'], readonly string[]> = {
  cancel: ['SCHEDULED', 'QUEUED', 'IN_PROGRESS'],
  retry: ['FAILED', 'CANCELLED'],
  purge: ['COMPLETED', 'FAILED', 'CANCELLED'],
};

export const wireBulkJob = (part: Partial<Schemas['BulkJob']> = {}): Schemas['BulkJob'] => ({
  id: `0193a5b0-7c1e-7d7a-9c3b-00000000b${String(++made).padStart(3, '0')}`,
  action: 'retry',
  filter: { kind: 'simulate' },
  state: 'running',
  created_at: new Date().toISOString(),
  examined: 0,
  matched: 0,
  changed: 0,
  failed: 0,
  ...part,
});

let made = 0;

const summary = ({ payload: _, result: __, ...mission }: WireMission) => mission;

export function bulkHandlers(commander: FakeCommander, at: At) {
  const change = (id: string, part: Partial<Schemas['BulkJob']>) => {
    commander.bulk = commander.bulk.map((job) => (job.id === id ? { ...job, ...part } : job));
    commander.send('bulk', { jobs: commander.bulk, degraded: false });
    return commander.bulk.find((job) => job.id === id);
  };
  return [
    at('/bulk', async (request) => {
      if (request.method !== 'POST') return HttpResponse.json({ jobs: commander.bulk, degraded: false });
      const body = (await request.json()) as Schemas['BulkRequest'];
      commander.bulkOrders.push(body);
      const job = wireBulkJob(body);
      commander.bulk = [job, ...commander.bulk];
      commander.send('bulk', { jobs: commander.bulk, degraded: false });
      return HttpResponse.json(job, { status: 202 });
    }),
    at('/bulk/preview', async (request) => {
      const { action, filter = {} } = (await request.json()) as Schemas['BulkRequest'];
      const fits = commander.missions.filter(
        (m) =>
          POSSIBLE[action].includes(m.status) &&
          (!filter.status || m.status === filter.status) &&
          (!filter.kind || m.kind === filter.kind),
      );
      return HttpResponse.json({
        matched: fits.length,
        complete: commander.previewIsComplete,
        sample: fits.slice(0, 10).map(summary),
      });
    }),
    at('/bulk/:id/stop', (_, id) =>
      HttpResponse.json(change(id, { state: 'stopped', finished_at: new Date().toISOString() }), {
        status: 202,
      }),
    ),
  ];
}
