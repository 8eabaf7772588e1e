// A commander for tests: answers from what a test put into it, streams what a test
// tells it to, and keeps a log of all requests.

import { HttpResponse, http } from 'msw';
import type { components } from '@/services/openapi.gen';
import type { WireMission } from './factories/mission';
import { healthy, wireAttention, wireSoldier, wireSquad, wireStats, wireTrends } from './factories/system';
import { bulkHandlers } from './fake-bulk';
import { placeHandlers } from './fake-places';

type Schemas = components['schemas'];

export const problem = (status: number, code: string, detail: string, errors?: Schemas['FieldError'][]) =>
  HttpResponse.json(
    { type: 'about:blank', title: 'Problem', status, detail, code, instance: 'urn:uuid:0', errors },
    { status, headers: { 'Content-Type': 'application/problem+json' } },
  );

export class FakeCommander {
  missions: WireMission[] = [];
  history: Record<string, Schemas['HistoryLine'][]> = {};
  health = healthy();
  soldiers = [wireSoldier()];
  stats = wireStats();
  attention = wireAttention();
  squads = [wireSquad()];
  schedules: Schemas['Schedule'][] = [];
  limits: Schemas['KeyLimit'][] = [];
  setAside: Schemas['SetAsideMessage'][] = [];
  bulk: Schemas['BulkJob'][] = [];
  readonly bulkOrders: Schemas['BulkRequest'][] = [];
  previewIsComplete = true;
  /** What a search for a name looked at. */
  searched?: number;
  trends: Schemas['TrendPoint'][] = [];
  failures: Schemas['FailureGroup'][] = [];
  logs: Record<string, Schemas['LogLine'][]> = {};
  /** So many milliseconds its clock is ahead of the browser's; where it is undefined its answers name no time. */
  clockAhead?: number;
  /** An earlier release: it knows no topics, and refuses what it does not know. */
  older = false;
  pageSize = 50;
  degraded = false;
  /** Orders with a key are refused; those without are kept by RabbitMQ. */
  redisAway = false;
  /** Answers the next requests of a path with this instead. */
  failing: Record<string, () => Response> = {};
  /** Every request: "GET /api/missions?limit=50". */
  readonly log: string[] = [];
  /** The headers and bodies of orders. */
  readonly orders: { key: string | null; body: Schemas['MissionRequest'] }[] = [];
  /** What each connection sent as Last-Event-ID. */
  readonly resumedFrom: (string | null)[] = [];
  private readonly streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  private eventId = 0;

  /** How many requests so far begin with this. */
  count(prefix: string): number {
    return this.log.filter((line) => line.startsWith(prefix)).length;
  }

  /** Replaces or adds a mission, and tells the stream. */
  change(mission: WireMission): void {
    this.missions = [mission, ...this.missions.filter((m) => m.mission_id !== mission.mission_id)];
    this.tell(mission);
  }

  /** Tells the stream alone. */
  tell(mission: WireMission): void {
    const { payload: _, result: __, ...summary } = mission;
    this.send('mission', summary, `${++this.eventId}-0`);
  }

  send(event: string, data: unknown, id?: string): void {
    this.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Cuts all streams, as a commander does that dies. */
  hangUp(): void {
    for (const stream of this.streams) stream.error(new Error('connection reset'));
    this.streams.clear();
  }

  get connected(): number {
    return this.streams.size;
  }

  handlers() {
    const at = (path: string, answer: (request: Request, id: string) => Response | Promise<Response>) =>
      http.all(`*/api${path}`, async ({ request, params }) => {
        const url = new URL(request.url);
        this.log.push(`${request.method} ${url.pathname}${url.search}`);
        const failure = this.failing[`${request.method} ${path}`];
        const response = await (failure ? failure() : answer(request, String(params.id ?? '')));
        if (this.clockAhead !== undefined) {
          response.headers.set('Date', new Date(Date.now() + this.clockAhead).toUTCString());
        }
        return response;
      });
    return [
      at('/events', (request) => this.open(request)),
      at('/stats', () => HttpResponse.json(this.stats)),
      at('/soldiers', () => HttpResponse.json({ soldiers: this.soldiers, degraded: false })),
      at('/health', () =>
        HttpResponse.json(this.health, { status: this.health.status === 'down' ? 503 : 200 }),
      ),
      at('/attention', () => HttpResponse.json(this.attention)),
      at('/squads', () => HttpResponse.json({ squads: this.squads, degraded: this.degraded })),
      at('/schedules', () => HttpResponse.json({ schedules: this.schedules, degraded: this.degraded })),
      ...bulkHandlers(this, at),
      at('/stats/history', (request) => {
        const range = new URL(request.url).searchParams.get('range') as Schemas['StatsHistory']['range'];
        return HttpResponse.json(wireTrends(range, this.trends));
      }),
      at('/failures', (request) =>
        HttpResponse.json({
          range: new URL(request.url).searchParams.get('range'),
          groups: this.failures,
          others: 0,
          degraded: false,
        }),
      ),
      ...placeHandlers(this, at),
      at('/missions', (request) => (request.method === 'POST' ? this.create(request) : this.list(request))),
      at('/missions/:id', (request, id) =>
        this.one(id, (mission) => {
          if (request.method !== 'DELETE') return HttpResponse.json(mission);
          this.missions = this.missions.filter((m) => m !== mission);
          return new HttpResponse(null, { status: 204 });
        }),
      ),
      at('/missions/:id/retry', (_, id) =>
        this.one(id, (mission) => {
          if (!['FAILED', 'CANCELLED'].includes(mission.status)) {
            return problem(409, 'wrong_status', `The mission is ${mission.status}.`);
          }
          const attempt = mission.attempt + 1;
          const { error: _, finished_at: __, ...rest } = mission;
          const after: WireMission = { ...rest, version: mission.version + 1, status: 'QUEUED', attempt };
          this.change(after);
          return HttpResponse.json(after, { status: 202 });
        }),
      ),
      at('/missions/:id/history', (_, id) =>
        HttpResponse.json({ history: this.history[id] ?? [], dropped: 0, degraded: false }),
      ),
      at('/missions/:id/logs', (_, id) => HttpResponse.json({ lines: this.logs[id] ?? [], dropped: 0 })),
      at('/missions/:id/cancel', (_, id) =>
        this.one(id, (mission) => {
          if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(mission.status)) {
            return problem(409, 'wrong_status', `The mission is ${mission.status} already.`);
          }
          const version = mission.version + 1;
          const after: WireMission =
            mission.status === 'IN_PROGRESS'
              ? { ...mission, version, cancel_requested: true }
              : { ...mission, version, status: 'CANCELLED' };
          this.change(after);
          return HttpResponse.json(after, { status: 202 });
        }),
      ),
    ];
  }

  private one(id: string, answer: (mission: WireMission) => Response): Response {
    const mission = this.missions.find((m) => m.mission_id === id);
    if (mission) return answer(mission);
    return this.redisAway
      ? problem(503, 'not_created_yet', 'RabbitMQ keeps it until Redis is back.')
      : problem(404, 'not_found', 'There is no such mission.');
  }

  private list(request: Request): Response {
    const query = new URL(request.url).searchParams;
    const matching = this.missions
      .filter((m) => !query.get('status') || m.status === query.get('status'))
      .filter((m) => !query.get('kind') || m.kind === query.get('kind'))
      .filter((m) => !query.get('squad') || m.squad === query.get('squad'))
      .filter((m) => !query.get('label') || hasLabel(m, query.get('label') ?? ''))
      .filter((m) => !query.get('q') || m.name.startsWith(query.get('q') ?? ''))
      .filter((m) => m.mission_id < (query.get('cursor') ?? '~'))
      .sort((a, b) => (a.mission_id < b.mission_id ? 1 : -1));
    const page = matching.slice(0, this.pageSize);
    return HttpResponse.json({
      missions: page.map(({ payload: _, result: __, ...summary }) => summary),
      next_cursor: matching.length > page.length ? page.at(-1)?.mission_id : null,
      complete: !this.degraded,
      ...(query.get('q') && { searched: this.searched }),
      degraded: this.degraded,
      ...(this.degraded && { as_of: new Date().toISOString() }),
    });
  }

  private async create(request: Request): Promise<Response> {
    const body = (await request.json()) as Schemas['MissionRequest'];
    this.orders.push({ key: request.headers.get('Idempotency-Key'), body });
    const { wireMission } = await import('./factories/mission');
    const mission = wireMission({ name: body.name, kind: body.kind, payload: body.payload });
    if (this.redisAway) {
      return request.headers.has('Idempotency-Key')
        ? problem(503, 'store_unavailable', 'Redis is away.')
        : HttpResponse.json({ ...mission, durable: 'broker' }, { status: 202 });
    }
    this.change(mission);
    return HttpResponse.json(mission, { status: 202 });
  }

  private open(request: Request): Response {
    const query = new URL(request.url).searchParams;
    if (this.older && query.size > 0) return problem(422, 'invalid_request', 'topics: unknown parameter.');
    const topics = (query.get('topics') ?? 'stats,soldiers,health').split(',');
    this.resumedFrom.push(request.headers.get('Last-Event-ID'));
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.streams.add(controller);
        request.signal.addEventListener('abort', () => this.streams.delete(controller));
      },
      cancel: () => {
        this.streams.delete(own);
      },
    });
    queueMicrotask(() => {
      this.write(`id: ${this.eventId}-0\n\n`);
      const pictures: Record<string, unknown> = {
        stats: this.stats,
        soldiers: { soldiers: this.soldiers, degraded: false },
        health: this.health,
        attention: this.attention,
        squads: { squads: this.squads, degraded: false },
        schedules: { schedules: this.schedules, degraded: false },
        bulk: { jobs: this.bulk, degraded: false },
      };
      for (const topic of topics) {
        if (pictures[topic]) this.send(topic, pictures[topic]);
      }
    });
    return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  private write(text: string): void {
    for (const stream of this.streams) stream.enqueue(new TextEncoder().encode(text));
  }
}

const hasLabel = (mission: WireMission, label: string) =>
  Object.entries(mission.labels ?? {}).some(([key, value]) => `${key}:${value}` === label);
