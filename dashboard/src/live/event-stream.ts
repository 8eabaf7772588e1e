// The stream of events that keeps itself alive, connection after connection.
//
// Not the browser's EventSource, for three reasons: that one gives up for good when
// the server answers 502 (the commander restarts), it hides the heartbeats, so a
// dead connection looks alive, and after a new start it can't say which event it saw
// last. This one reads the same protocol through fetch.
//
//   connecting -> live -> reconnecting -> live ...
//                          after OFFLINE_AFTER: offline, still trying
//                          streams don't come through, plain requests do: polling, still trying
//                          the commander wants a key that the dashboard's server does not have: refused, still trying
//
// What is watched is part of the address: when it changes, a second connection is opened
// behind the same event, and the first is closed once the second lives.

import { Connection, type Ending } from './connection';
import type { StreamEvent } from './sse-parser';
import { TOPICS } from './topics';

export type StreamPhase = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'offline' | 'refused';

const OFFLINE_AFTER = 10_000;
const FIRST_DELAY = 300;
const LONGEST_DELAY = 5_000;
/** A stream that was cut before is as good as none: the next is asked for as after a failure. */
const LASTING = 5_000;
/** So many connections in a row must be blocked before plain requests are made instead. */
const BLOCKED_LIMIT = 2;
const BLOCKED_DELAY = 60_000;
/** More changes of missions in a second are told as a number. */
const PER_SECOND = 100;
/** As many missions as the commander lets one client watch. */
const WATCH_LIMIT = 16;

export interface StreamStatus {
  phase: StreamPhase;
  /** When the stream was last known to be alive, in milliseconds; undefined if it never was. */
  aliveAt?: number;
  /** The commander is an earlier one: it tells of missions, stats, soldiers and health, and of nothing else. */
  isPlain?: boolean;
}

export interface StreamHandlers {
  onEvent(event: StreamEvent): void;
  /** Events may have been missed since the last connection: what is shown must be fetched anew. */
  onGap(): void;
  /** Called for each sign of life, too. */
  onStatus(status: StreamStatus): void;
}

export class EventStream {
  /** The last event that was seen; a stream that starts here goes on behind it. */
  position: string;
  private readonly base: string;
  private readonly handlers: StreamHandlers;
  private stopper: AbortController | undefined;
  private current: Connection | undefined;
  /** Takes current's place once it lives. */
  private next: Connection | undefined;
  private wake: (() => void) | undefined;
  private watched: readonly string[] = [];
  private plain = false;
  private everOpened = false;
  private lostAt = 0;
  private status: StreamStatus = { phase: 'connecting' };

  constructor(base: string, handlers: StreamHandlers, position = '') {
    this.base = base;
    this.handlers = handlers;
    this.position = position;
  }

  /** Connects, and goes on until stop. Safe to call twice. */
  start(): void {
    if (this.stopper) return;
    this.stopper = new AbortController();
    this.lostAt = Date.now();
    const { signal } = this.stopper;
    // A laptop that wakes, or a network that comes back, should not wait for the next try.
    window.addEventListener('online', this.hurry, { signal });
    document.addEventListener('visibilitychange', this.hurryIfSeen, { signal });
    void this.run(signal);
  }

  /** Ends the connection; start may follow. Safe to call twice. */
  stop(): void {
    this.stopper?.abort();
    this.current?.close();
    this.next?.close();
    this.next = undefined;
    this.wake?.();
    this.stopper = undefined;
  }

  /** Tries now, if it waits for the next try. */
  readonly hurry = () => this.wake?.();

  private readonly hurryIfSeen = () => {
    if (document.visibilityState === 'visible') this.hurry();
  };

  /** Has the telemetry of these missions told, and their changes whatever else there is to tell. */
  watch(missionIds: readonly string[]): void {
    this.watched = missionIds.slice(-WATCH_LIMIT); // the last are those that were opened last
    const before = this.current;
    if (!this.stopper || !before) return;
    if (before.url === this.url()) {
      this.next?.close();
      this.next = undefined;
      return;
    }
    if (!before.isOpen) {
      before.close(); // run opens the next at once, because its address is another
      return;
    }
    this.next?.close();
    const next = this.open(() => {
      this.next = undefined;
      this.current?.close();
      this.current = next;
    });
    this.next = next;
    void next.ended.then(() => {
      if (this.next === next) before.close(); // run tries on, and knows what to do about refusals
    });
  }

  private url(): string {
    if (this.plain) return this.base;
    const query = new URLSearchParams({ topics: TOPICS.join(','), per_second: String(PER_SECOND) });
    for (const id of this.watched) query.append('watch', id);
    return `${this.base}?${query}`;
  }

  private async run(stopped: AbortSignal): Promise<void> {
    let failures = 0;
    let blocked = 0;
    while (!stopped.aborted) {
      this.current ??= this.open();
      const connection: Connection = this.current;
      const begun = Date.now();
      const ending: Ending = await connection.ended;
      if (stopped.aborted) return;
      if (this.current !== connection) continue; // another took its place
      this.current = undefined;
      this.next?.close();
      this.next = undefined;
      if (ending === 'lived') {
        if (Date.now() - begun >= LASTING) failures = 0;
        this.lostAt = Date.now();
        this.plain = false; // the next commander may be a newer one
      }
      if (ending === 'unknown' && !this.plain) {
        this.plain = true;
      } else if (connection.url === this.url() || ending === 'lived') {
        // Each time it is asked: a server that stands still for a while blocks everything, and is only away.
        blocked = ending === 'blocked' && (await this.answersPlainly(stopped)) ? blocked + 1 : 0;
        if (stopped.aborted) return;
        if (blocked >= BLOCKED_LIMIT) {
          this.lostAt = Date.now();
          this.report('polling');
          await this.pause(BLOCKED_DELAY);
        } else {
          this.report(ending === 'refused' ? 'refused' : this.lostPhase());
          const delay = Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY);
          failures += 1;
          await this.pause(delay * (0.75 + Math.random() / 2));
        }
      }
    }
  }

  private open(onOpen?: () => void): Connection {
    const resumes = this.position !== '';
    const connection: Connection = new Connection(this.url(), this.position, {
      onOpen: () => {
        if (this.everOpened && !resumes) this.handlers.onGap();
        this.everOpened = true;
        onOpen?.();
      },
      onEvent: (event) => {
        if (event.type === 'reset') this.handlers.onGap();
        else this.handlers.onEvent(event);
      },
      onId: (id) => {
        this.position = id;
      },
      onAlive: () => this.report('live'),
    });
    return connection;
  }

  /** Whether the commander answers other requests, so that only streams don't come through. */
  private async answersPlainly(signal: AbortSignal): Promise<boolean> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_DELAY)]);
      const response = await fetch(this.base.replace(/\/events$/, '/health'), {
        cache: 'no-store',
        signal: limit,
      });
      // A login of a proxy answers for everything, with a page or an error of its own.
      const isOurs = /^application\/(problem\+)?json\b/.test(response.headers.get('Content-Type') ?? '');
      return isOurs && response.status !== 502 && response.status !== 504;
    } catch {
      return false;
    }
  }

  private lostPhase(): StreamPhase {
    return Date.now() - this.lostAt >= OFFLINE_AFTER || !navigator.onLine ? 'offline' : 'reconnecting';
  }

  private report(phase: StreamPhase): void {
    const aliveAt = phase === 'live' ? Date.now() : this.status.aliveAt;
    this.status = { phase, aliveAt, isPlain: this.plain };
    this.handlers.onStatus(this.status);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
    });
  }
}
