// Feeds the query cache from the event stream. With it, nothing on a page is ever
// polled: a page fetches once, and what changes afterwards is pushed into what it
// fetched.
//
// Two races are closed here. An event that arrives while a fetch is under way would
// be overwritten by the older answer: recent missions are applied again after each
// fetch. And an event between a fetch and the stream's beginning would be lost: the
// first fetches wait for the stream (ready), or are repeated once it is there.

import type { Query, QueryClient, QueryKey } from '@tanstack/react-query';
import type { z } from 'zod';
import type { Health } from '@/services/health';
import {
  type Mission,
  type MissionDetail,
  type MissionFilter,
  type MissionPages,
  missionKeys,
  missionSchema,
  PAGE_SIZE,
} from '@/services/missions';
import { mergeTelemetry, type Telemetry, telemetryKey, telemetrySchema } from '@/services/telemetry';
import { RANGES, type Range, type Trends, trendKeys, trendSchema } from '@/services/trends';
import { address } from '@/settings';
import { applyToDetail, applyToList, needsFetch } from './apply';
import { applyStep, type Step, stepOf } from './apply-trend';
import { EventStream, type StreamStatus } from './event-stream';
import type { StreamEvent } from './sse-parser';
import { PICTURES } from './topics';

/** Changes are gathered this long, so that a burst is one rendering. */
const GATHER_MS = 80;
const RECENT_LIMIT = 1_000;
/** A live list may grow by so many rows before it is cut back to one page. */
const GROWTH_LIMIT = 250;
const READY_TIMEOUT = 1_500;
const PUSH_TIMEOUT = 1_000;

export class LiveCache {
  private readonly client: QueryClient;
  private readonly stream: EventStream;
  private readonly listeners = new Set<() => void>();
  private status: StreamStatus = { phase: 'connecting' };
  private pending = new Map<string, Mission>();
  private recent = new Map<string, Mission>();
  private readonly fetchedFor = new Map<string, number>();
  private readonly watched = new Map<string, number>();
  private readonly steps = new Map<Range, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unsubscribe: (() => void) | undefined;
  private markReady: () => void = () => {};
  private gateOpen = false;
  private fetchedBeforeStream = false;
  private readonly readyPromise: Promise<void>;

  constructor(client: QueryClient, url = address('api/events')) {
    this.client = client;
    // Pushed even while no page shows them, so they are never old.
    for (const { key } of Object.values(PICTURES)) {
      client.setQueryDefaults(key, { gcTime: Number.POSITIVE_INFINITY });
    }
    this.readyPromise = new Promise((resolve) => {
      this.markReady = resolve;
    });
    this.stream = new EventStream(url, {
      onEvent: (event) => this.take(event),
      onGap: () => this.refetchAll(),
      onStatus: (status) => this.setStatus(status),
    });
  }

  start(): void {
    if (this.unsubscribe) return;
    this.unsubscribe = this.client.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'success' && !event.action.manual) {
        this.afterFetch(event.query.queryKey);
      }
    });
    setTimeout(() => this.openGate(), READY_TIMEOUT);
    this.stream.start();
  }

  stop(): void {
    this.stream.stop();
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Waits until events flow, or it is clear that they don't for now. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.readyPromise;
    signal?.throwIfAborted();
  }

  /** Like ready, for what each connection brings by itself: leaves it a moment before it is asked for. */
  async readyForPushed(signal: AbortSignal): Promise<void> {
    await this.ready(signal);
    if (this.status.phase === 'live') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PUSH_TIMEOUT);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    signal.throwIfAborted(); // it came, and cancelled the question
  }

  /** Has the stream tell a mission's telemetry until the release that is returned is called. */
  watch(missionId: string): () => void {
    this.watched.set(missionId, (this.watched.get(missionId) ?? 0) + 1);
    this.stream.watch([...this.watched.keys()]);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = (this.watched.get(missionId) ?? 1) - 1;
      if (left > 0) this.watched.set(missionId, left);
      else this.watched.delete(missionId);
      this.stream.watch([...this.watched.keys()]);
    };
  }

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getStatus = (): StreamStatus => this.status;

  /** Takes a mission that this page itself got from the commander (created, cancelled). */
  learn(mission: Mission): void {
    this.remember(mission);
    this.applyAll(new Map([[mission.id, mission]]));
  }

  private openGate(): void {
    if (this.gateOpen) return;
    this.gateOpen = true;
    if (this.status.phase !== 'live') this.fetchedBeforeStream = true;
    this.markReady();
  }

  private setStatus(status: StreamStatus): void {
    const before = this.status;
    // While live the age is of no interest, and a new snapshot for each heartbeat would redraw for nothing.
    if (before.phase === status.phase && status.phase === 'live') {
      before.aliveAt = status.aliveAt;
      return;
    }
    this.status = { ...status };
    for (const listener of this.listeners) listener();
    if (status.phase === 'live') this.onLive();
    if (status.phase !== 'connecting') this.openGate();
  }

  private onLive(): void {
    if (this.fetchedBeforeStream) {
      this.fetchedBeforeStream = false;
      this.refetchAll();
      return;
    }
    // What failed while the commander was away is worth another try now.
    void this.client.invalidateQueries({ predicate: (query) => query.state.status === 'error' });
  }

  private take(event: StreamEvent): void {
    const picture = PICTURES[event.type];
    if (picture) {
      const data = parse(picture.schema, event);
      this.replace(picture.key, data);
      if (event.type === 'health' && (data as Health | undefined)?.checks.redis?.status !== 'down') {
        this.refetchDegraded();
      }
    } else if (event.type === 'mission') {
      const mission = parse(missionSchema, event);
      if (mission) this.gather(mission);
    } else if (event.type === 'telemetry') {
      const telemetry = parse(telemetrySchema, event);
      if (telemetry) this.addTelemetry(telemetry);
    } else if (event.type === 'trend') {
      const step = parse(trendSchema, event);
      if (step) this.addStep(step);
    }
  }

  private addTelemetry(telemetry: Telemetry): void {
    if (!this.watched.has(telemetry.missionId)) return; // another tab watches it
    this.client.setQueryData<Telemetry>(telemetryKey(telemetry.missionId), (known) =>
      mergeTelemetry(known, telemetry),
    );
  }

  /** Pushed into the last hour. Longer ranges are asked for when a step of theirs is complete, failures when one failed. */
  private addStep(step: Step): void {
    const hour = this.client.getQueryData<Trends>(trendKeys.of('1h'));
    const after = hour && applyStep(hour, step);
    if (after) this.client.setQueryData(trendKeys.of('1h'), after);
    else if (hour) void this.client.invalidateQueries({ queryKey: trendKeys.of('1h') });
    for (const range of RANGES) {
      if (range === '1h') continue;
      const now = stepOf(range, step);
      if ((this.steps.get(range) ?? now) !== now) {
        void this.client.invalidateQueries({ queryKey: trendKeys.of(range) });
      }
      this.steps.set(range, now);
    }
    if (step.point.failed > 0) void this.client.invalidateQueries({ queryKey: ['failures'] });
  }

  /** Redis answers again: what was read from the commander's memory, or failed, is read anew. */
  private refetchDegraded(): void {
    void this.client.invalidateQueries({
      predicate: (query) => {
        if (query.state.status === 'error') return true;
        const data = query.state.data as Partial<MissionDetail & MissionPages> | undefined;
        return (
          query.queryKey[0] === 'missions' &&
          (data?.degraded ?? data?.pages?.some((page) => page.degraded) ?? false)
        );
      },
    });
  }

  private replace(key: QueryKey, data: unknown): void {
    if (data === undefined) return;
    void this.client.cancelQueries({ queryKey: key, exact: true }); // its answer would be older
    this.client.setQueryData(key, data);
  }

  private gather(mission: Mission): void {
    const known = this.pending.get(mission.id);
    if (known && known.version >= mission.version) return;
    this.pending.set(mission.id, mission);
    this.remember(mission);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const changes = this.pending;
      this.pending = new Map();
      this.applyAll(changes);
    }, GATHER_MS);
  }

  private remember(mission: Mission): void {
    const known = this.recent.get(mission.id);
    if (known && known.version >= mission.version) return;
    this.recent.delete(mission.id);
    this.recent.set(mission.id, mission);
    if (this.recent.size > RECENT_LIMIT) {
      const eldest = this.recent.keys().next().value;
      if (eldest !== undefined) this.recent.delete(eldest);
    }
  }

  private applyAll(changes: ReadonlyMap<string, Mission>): void {
    for (const [key] of this.client.getQueriesData<MissionPages>({ queryKey: missionKeys.lists })) {
      this.applyToListAt(key, changes);
    }
    for (const change of changes.values()) this.applyToDetailOf(change);
  }

  private applyToListAt(key: QueryKey, changes: ReadonlyMap<string, Mission>): void {
    const filter = (key[2] ?? {}) as MissionFilter;
    const before = this.client.getQueryData<MissionPages>(key);
    if (!before) return;
    const after = applyToList(before, filter, changes);
    if (after === before) return;
    this.client.setQueryData(key, after);
    const first = after.pages[0];
    if (after.pages.length === 1 && first?.nextCursor && first.missions.length > PAGE_SIZE + GROWTH_LIMIT) {
      // Rows below are older than what anybody looks at; a fresh first page has the right cursor.
      void this.client.invalidateQueries({ queryKey: key, exact: true });
    }
  }

  private applyToDetailOf(change: Mission): void {
    const key = missionKeys.detail(change.id);
    const before = this.client.getQueryData<MissionDetail>(key);
    if (!before) return;
    const after = applyToDetail(before, change);
    if (after === before) return;
    this.client.setQueryData(key, after);
    if (needsFetch(change) && (this.fetchedFor.get(change.id) ?? 0) < change.version) {
      this.fetchedFor.set(change.id, change.version); // once, even if an answer from memory lags behind the event
      void this.client.invalidateQueries({ queryKey: key, exact: true });
    }
  }

  /** An answer may be older than events that came while it was under way. */
  private afterFetch(key: QueryKey): void {
    if (key[0] !== 'missions' || this.recent.size === 0) return;
    if (key[1] === 'list') this.applyToListAt(key, this.recent);
    if (key[1] === 'detail') {
      const change = this.recent.get(String(key[2]));
      if (change) this.applyToDetailOf(change);
    }
  }

  private refetchAll(): void {
    this.recent.clear();
    this.pending.clear();
    this.fetchedFor.clear();
    // Stats, soldiers and health come whole with each connection. A first fetch under way is not
    // repeated by an invalidation, so it is cancelled before.
    const predicate = (query: Query) => query.queryKey[0] === 'missions' || query.queryKey[0] === 'history';
    void this.client.cancelQueries({ predicate }).then(() => this.client.invalidateQueries({ predicate }));
  }
}

function parse<S extends z.ZodType>(schema: S, event: StreamEvent): z.output<S> | undefined {
  try {
    return schema.parse(JSON.parse(event.data));
  } catch (error) {
    console.error(`event ${event.type} was not understood and is left out`, error);
    return undefined;
  }
}
