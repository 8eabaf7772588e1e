// Feeds the query cache from the event stream. With it, nothing on a page is polled while
// the stream lives: a page fetches once, and what changes afterwards is pushed into what it
// fetched.
//
//   shared-stream ─ events ─> LiveCache ─┬─ missions ────────────> mission-cache
//                                        ├─ stats, health, ... ──> the cache, whole
//                                        ├─ gap, more ───────────> catch-up: fetched anew
//                                        ├─ Redis is back ───────> read-again: what came from memory, fetched anew
//                                        └─ while paused ────────> pause
//
// An event between a fetch and the stream's beginning would be lost: the first fetches wait
// for the stream (ready), or are repeated once it is there.

import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { z } from 'zod';
import { type Health, healthKey } from '@/services/health';
import { type Mission, missionSchema } from '@/services/missions';
import { countAll, type Stats, statsKey } from '@/services/stats';
import { mergeTelemetry, type Telemetry, telemetryKey, telemetrySchema } from '@/services/telemetry';
import { RANGES, type Range, type Trends, trendKeys, trendSchema } from '@/services/trends';
import { address } from '@/settings';
import { applyStep, type Step, stepOf } from './apply-trend';
import { CatchUp } from './catch-up';
import { EventStream, type StreamHandlers, type StreamStatus } from './event-stream';
import { MissionCache } from './mission-cache';
import { Pause } from './pause';
import { Poller } from './poller';
import { ReadAgain } from './read-again';
import { type NewStream, SharedStream } from './shared-stream';
import type { StreamEvent } from './sse-parser';
import { PICTURES } from './topics';

const READY_TIMEOUT = 1_500;
const PUSH_TIMEOUT = 1_000;
/** While paused, what changed is counted in view this often. */
const COUNT_EVERY = 1_000;

const moreSchema = z.object({ missions: z.number().int() });

export interface LiveState {
  /** That of the stream, while paused, too. */
  phase: StreamStatus['phase'];
  isPaused: boolean;
  /** What is shown is as of then, in milliseconds; undefined if nothing ever came. While live it moves on unannounced. */
  asOf?: number;
  /** While paused: so many missions changed. */
  changes: number;
}

export class LiveCache {
  /** Lists and details of missions, and how lists are held for their readers. */
  readonly missions: MissionCache;
  private readonly client: QueryClient;
  private readonly stream: SharedStream;
  private readonly catchUp: CatchUp;
  private readonly poller: Poller;
  private readonly readAgain: ReadAgain;
  private readonly listeners = new Set<() => void>();
  private readonly watched = new Map<string, number>();
  private readonly steps = new Map<Range, number>();
  private status: StreamStatus = { phase: 'connecting' };
  private state: LiveState = { phase: 'connecting', isPaused: false, changes: 0 };
  private paused: Pause | undefined;
  private counter: ReturnType<typeof setInterval> | undefined;
  private unsubscribe: (() => void) | undefined;
  private markReady: () => void = () => {};
  private gateOpen = false;
  private fetchedBeforeStream = false;
  private readonly readyPromise: Promise<void>;

  constructor(
    client: QueryClient,
    newStream = (handlers: StreamHandlers) => sharedStream(address('api/events'), handlers),
  ) {
    this.client = client;
    // Pushed even while no page shows them, so they are never old.
    for (const { key } of Object.values(PICTURES)) {
      client.setQueryDefaults(key, { gcTime: Number.POSITIVE_INFINITY });
    }
    this.readyPromise = new Promise((resolve) => {
      this.markReady = resolve;
    });
    this.missions = new MissionCache(client);
    this.catchUp = new CatchUp(client, this.missions);
    this.poller = new Poller(async () => {
      const answered = await this.catchUp.refetchShown(
        this.status.phase === 'live' ? 'untold by older' : 'all',
      );
      this.publish();
      return answered;
    });
    this.readAgain = new ReadAgain(
      client,
      () => !this.paused && this.status.phase === 'live' && !this.isRedisAway(),
    );
    this.stream = newStream({
      onEvent: (event) => this.take(event),
      onGap: () => this.gap(),
      onStatus: (status) => this.setStatus(status),
    });
  }

  /** Safe to call twice. */
  start(): void {
    if (this.unsubscribe) return;
    this.unsubscribe = this.client.getQueryCache().subscribe((event) => {
      if (event.type !== 'updated') return;
      if (event.action.type === 'success' && !event.action.manual) {
        this.missions.afterFetch(event.query.queryKey);
        this.readAgain.look(event.query);
      }
      if (event.action.type === 'error') this.readAgain.look(event.query);
    });
    setTimeout(() => this.openGate(), READY_TIMEOUT);
    this.stream.start();
  }

  /** Lets go of the stream; start may follow. Safe to call twice. */
  stop(): void {
    this.stream.stop();
    this.poller.stop();
    this.catchUp.stop();
    this.readAgain.stop();
    this.missions.flush();
    clearInterval(this.counter);
    this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  /** Waits until events flow, or it is clear that they don't for now. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.readyPromise;
    signal?.throwIfAborted();
  }

  /** Like ready, for what each connection brings by itself: leaves it a moment before it is asked for. */
  async readyForPushed(signal: AbortSignal): Promise<void> {
    await this.ready(signal);
    if (this.status.phase === 'live' && !this.status.isPlain) {
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

  readonly getState = (): LiveState => this.state;

  /** Takes a mission that this page itself got from the commander (created, cancelled). */
  learn(mission: Mission): void {
    this.missions.learn(mission);
  }

  /** Takes out a mission that this page itself removed. */
  forget(missionId: string): void {
    this.missions.remove(missionId);
  }

  /** From now on nothing on the page changes, but by what its reader does. Safe to call twice. */
  pause(): void {
    if (this.paused) return;
    this.missions.flush();
    this.poller.stop();
    this.readAgain.stop();
    this.paused = new Pause();
    this.paused.hasGap = this.catchUp.stop();
    this.counter = setInterval(() => this.publish(), COUNT_EVERY);
    this.publish();
  }

  /** Catches up with what changed, and goes on. Safe to call twice. */
  resume(): void {
    const kept = this.paused;
    if (!kept) return;
    this.paused = undefined;
    clearInterval(this.counter);
    for (const event of kept.pictures.values()) this.take(event);
    for (const telemetry of kept.telemetry.values()) this.addTelemetry(telemetry);
    for (const mission of kept.missions.values()) this.missions.gather(mission);
    this.missions.flush();
    if (kept.hasGap) this.gap();
    else this.readAgain.now();
    this.poll();
    this.publish();
  }

  /** Fetches what is shown anew: after missions were purged, of which no event tells. */
  refresh(): void {
    this.catchUp.gap();
  }

  private openGate(): void {
    if (this.gateOpen) return;
    this.gateOpen = true;
    if (this.status.phase !== 'live') this.fetchedBeforeStream = true;
    this.markReady();
  }

  private setStatus(status: StreamStatus): void {
    const before = this.status;
    this.status = status;
    // While live the age is of no interest, and a new snapshot for each heartbeat would redraw for nothing.
    if (before.phase === status.phase && status.phase === 'live') {
      if (!this.paused) this.state.asOf = status.aliveAt;
      return;
    }
    this.publish();
    if (status.phase === 'live') this.onLive();
    this.poll();
    if (status.phase !== 'connecting') this.openGate();
  }

  private poll(): void {
    const { phase, isPlain } = this.status;
    if (!this.paused && (phase === 'polling' || (phase === 'live' && isPlain))) this.poller.start();
    else this.poller.stop();
  }

  private publish(): void {
    const { phase, aliveAt } = this.status;
    const next: LiveState = {
      phase,
      isPaused: this.paused !== undefined,
      asOf: this.paused?.since ?? (phase === 'polling' ? (this.catchUp.answeredAt ?? aliveAt) : aliveAt),
      changes: this.paused?.changes ?? 0,
    };
    const { state } = this;
    const isSame = (Object.keys(next) as (keyof LiveState)[]).every((key) => next[key] === state[key]);
    if (isSame) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }

  private onLive(): void {
    if (this.fetchedBeforeStream) {
      this.fetchedBeforeStream = false;
      this.gap();
      return;
    }
    // What failed while the commander was away is worth another try now.
    if (this.paused) this.paused.hasGap = true;
    else this.readAgain.now();
  }

  private gap(): void {
    if (this.paused) this.paused.hasGap = true;
    else this.catchUp.gap();
  }

  private take(event: StreamEvent): void {
    const picture = PICTURES[event.type];
    if (picture || event.type === 'trend') {
      if (this.paused) this.paused.pictures.set(event.type, event);
      else if (picture) this.replace(event, picture.key, parse(picture.schema, event));
      else this.addStep(parse(trendSchema, event));
    } else if (event.type === 'mission') {
      const mission = parse(missionSchema, event);
      if (mission) (this.paused ?? this.missions).gather(mission);
    } else if (event.type === 'telemetry') {
      const telemetry = parse(telemetrySchema, event);
      if (!telemetry || !this.watched.has(telemetry.missionId)) return; // another tab watches it
      if (this.paused) this.paused.addTelemetry(telemetry);
      else this.addTelemetry(telemetry);
    } else if (event.type === 'more') {
      const more = parse(moreSchema, event);
      if (this.paused) this.paused.addMore(more?.missions ?? 0);
      else this.catchUp.more();
    }
  }

  private replace(event: StreamEvent, key: QueryKey, data: unknown): void {
    if (data === undefined) return;
    void this.client.cancelQueries({ queryKey: key, exact: true }); // its answer would be older
    if (event.type === 'stats') this.noticeRemovals(data as Stats);
    this.client.setQueryData(key, data);
    if (event.type === 'health' && !this.isRedisAway()) this.readAgain.now();
  }

  /** No event tells that a mission was removed, but then there are fewer. */
  private noticeRemovals(now: Stats): void {
    const before = this.client.getQueryData<Stats>(statsKey);
    if (before && countAll(now) < countAll(before)) this.catchUp.removed();
  }

  private isRedisAway(): boolean {
    return this.client.getQueryData<Health>(healthKey)?.checks.redis?.status === 'down';
  }

  private addTelemetry(telemetry: Telemetry): void {
    this.client.setQueryData<Telemetry>(telemetryKey(telemetry.missionId), (known) =>
      mergeTelemetry(known, telemetry),
    );
  }

  /**
   * Pushed into the last hour. Longer ranges are asked for when a step of theirs is complete, failures when a mission
   * failed.
   */
  private addStep(step: Step | undefined): void {
    if (!step) return;
    const hour = this.client.getQueryData<Trends>(trendKeys.of('1h'));
    const after = hour && applyStep(hour, step);
    if (after) this.client.setQueryData(trendKeys.of('1h'), after);
    else if (hour) void this.client.invalidateQueries({ queryKey: trendKeys.of('1h') });
    for (const range of RANGES) {
      if (range === '1h') continue;
      const now = stepOf(range, step);
      if ((this.steps.get(range) ?? now) !== now) {
        void this.client.invalidateQueries({ queryKey: trendKeys.of(range) });
        if (range === '6h') void this.client.invalidateQueries({ queryKey: ['failures'] }); // old ones leave
      }
      this.steps.set(range, now);
    }
    if (step.point.failed > 0) void this.client.invalidateQueries({ queryKey: ['failures'] });
  }
}

function sharedStream(url: string, handlers: StreamHandlers): SharedStream {
  const open: NewStream = (own, position) => new EventStream(url, own, position);
  return new SharedStream(`mission-control ${url}`, open, handlers);
}

function parse<S extends z.ZodType>(schema: S, event: StreamEvent): z.output<S> | undefined {
  try {
    return schema.parse(JSON.parse(event.data));
  } catch (error) {
    console.error(`event ${event.type} was not understood and is left out`, error);
    return undefined;
  }
}
