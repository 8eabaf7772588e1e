// One event stream for all tabs of a browser. HTTP/1.1 allows six connections to a server: with a stream in each tab the
// seventh tab would hang.
//
// The tabs elect a leader by a Web Lock, which the browser frees when the tab goes. The leader holds the stream and hands
// what comes to the others by a BroadcastChannel.
//
//   leader                                          follower
//   lead {term, position}              ->           hello {watch}
//   picture {position, status, events} ->           a new tab: where the stream is, and each topic's last event
//   event, gap, status {seq}           ->
//                                      <-           here {watch} now and then, bye
//                                      <-           ping: the leader is silent, or its stream is broken
//
// What is promised:
//  - Nothing is lost. Messages are numbered; a follower that misses one, or whose position is not the one from which a new
//    leader goes on, is told of a gap and fetches what it shows anew. Events may come twice: pictures of missions have
//    versions, log lines numbers.
//  - A new tab has the position before its first fetch, or repeats that fetch once it has it.
//  - A leader that is frozen or hangs does not starve the others: browsers don't freeze a tab that holds a lock, but laptops
//    sleep and debuggers stop. A visible tab that heard nothing for SILENCE_LIMIT asks, and without an answer takes the lock.
//    The old leader, when it wakes, finds its lock gone and follows; what it still says bears an old term and is not heard.
//  - Timers of hidden tabs may run once a minute. So the signs of life come with the stream's own bytes, and a visible tab
//    whose leader tries to reconnect has it try now.
//  - Where locks or channels are missing (locks need https or localhost) each tab has a stream of its own.

import type { EventStream, StreamHandlers, StreamStatus } from './event-stream';
import type { StreamEvent } from './sse-parser';
import { TOPICS } from './topics';

/** The stream brings a heartbeat every 10 s, and each is passed on. */
const SILENCE_LIMIT = 15_000;
/** A leader that lives answers a new tab at once. */
const FIRST_SILENCE_LIMIT = 5_000;
const CHECK_EVERY = 5_000;
/** Signs of life are passed on this often at most. */
const BEAT_EVERY = 2_000;
const HERE_EVERY = 30_000;
/** What a tab watches is forgotten when nothing was heard of it for so long; hidden ones speak once a minute. */
const TAB_LIMIT = 180_000;

type Message =
  | { kind: 'lead'; from: string; term: number; position: string }
  | {
      kind: 'picture';
      from: string;
      to: string;
      term: number;
      seq: number;
      position: string;
      status: StreamStatus;
      events: StreamEvent[];
    }
  | { kind: 'event'; from: string; seq: number; position: string; event: StreamEvent }
  | { kind: 'gap'; from: string; seq: number }
  | { kind: 'status'; from: string; seq: number; position: string; status: StreamStatus }
  | { kind: 'hello' | 'here'; from: string; watch: readonly string[] }
  | { kind: 'ping' | 'bye'; from: string };

/** Opens a stream behind a position; an empty one is now. */
export type NewStream = (handlers: StreamHandlers, position: string) => StreamOfItsOwn;
export type StreamOfItsOwn = Pick<EventStream, 'position' | 'start' | 'stop' | 'watch' | 'hurry'>;

/** What the tabs share; tests have their own. */
export interface Ground {
  locks: Pick<LockManager, 'request'>;
  channel(name: string): BroadcastChannel;
}

export function browserGround(): Ground | undefined {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks || typeof BroadcastChannel === 'undefined') return undefined;
  return { locks, channel: (name) => new BroadcastChannel(name) };
}

export class SharedStream {
  private readonly tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
  private readonly name: string;
  private readonly newStream: NewStream;
  private readonly handlers: StreamHandlers;
  private readonly ground: Ground | undefined;
  private stopper: AbortController | undefined;
  private channel: BroadcastChannel | undefined;
  private watched: readonly string[] = [];
  private position = '';
  private status: StreamStatus = { phase: 'connecting' };
  private seq = 0;
  private term = 0;

  // As the leader, or alone.
  private own: StreamOfItsOwn | undefined;
  private resign: () => void = () => {};
  private readonly tabs = new Map<string, { watch: readonly string[]; heardAt: number }>();
  private readonly pictures = new Map<string, StreamEvent>();
  private beatAt = 0;

  // As a follower.
  private leader = '';
  private heardAt = 0;
  private pingedAt = 0;
  private saidHereAt = 0;
  private askedAt = 0;

  /** Tabs that give the same name share a stream. */
  constructor(name: string, newStream: NewStream, handlers: StreamHandlers, ground = browserGround()) {
    this.name = name;
    this.newStream = newStream;
    this.handlers = handlers;
    this.ground = ground;
  }

  /** Safe to call twice. */
  start(): void {
    if (this.stopper) return;
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    if (!this.ground) {
      this.goAlone();
      return;
    }
    this.channel = this.ground.channel(this.name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
    this.heardAt = Date.now();
    this.ask();
    void this.queue(this.ground.locks, signal);
    const check = setInterval(() => this.check(signal), CHECK_EVERY * (0.8 + Math.random() * 0.4));
    signal.addEventListener('abort', () => clearInterval(check));
    document.addEventListener('visibilitychange', () => this.check(signal), { signal });
  }

  /** Leaves the others; start may follow. Safe to call twice. */
  stop(): void {
    if (!this.stopper) return;
    this.stopper.abort();
    this.stopper = undefined;
    this.stepDown();
    this.resign();
    this.say({ kind: 'bye', from: this.tab });
    this.channel?.close();
    this.channel = undefined;
  }

  /** What this tab watches; the stream watches what any tab does. */
  watch(missionIds: readonly string[]): void {
    this.watched = missionIds;
    if (this.own) this.watchAll();
    else this.say({ kind: 'here', from: this.tab, watch: missionIds });
  }

  private goAlone(): void {
    this.own = this.newStream(this.handlers, this.position);
    this.own.watch(this.watched);
    this.own.start();
  }

  private say(message: Message): void {
    this.channel?.postMessage(message);
  }

  // ── the lock ──

  private async queue(
    locks: Ground['locks'],
    signal: AbortSignal,
    options: LockOptions = { signal },
  ): Promise<void> {
    try {
      await locks.request(this.name, options, () => this.lead());
    } catch (error) {
      if (!signal.aborted && !(error instanceof DOMException && error.name === 'AbortError')) {
        this.goAlone(); // the browser gives no locks here
        return;
      }
    }
    // Stopped, or another tab took the lock.
    if (signal.aborted) return;
    this.stepDown();
    this.heardAt = Date.now();
    this.ask();
    void this.queue(locks, signal);
  }

  /** Holds the lock until the promise is resolved. */
  private lead(): Promise<void> | undefined {
    if (!this.stopper) return undefined;
    // Higher than every term before, those that this tab did not hear of, too.
    this.term = Math.max(this.term + 1, Date.now());
    this.leader = this.tab;
    this.seq = 0;
    this.say({ kind: 'lead', from: this.tab, term: this.term, position: this.position });
    const own: StreamOfItsOwn = this.newStream(
      {
        onEvent: (event) => {
          this.position = own.position;
          if (TOPICS.includes(event.type)) this.pictures.set(event.type, event);
          this.say({ kind: 'event', from: this.tab, seq: ++this.seq, position: own.position, event });
          this.handlers.onEvent(event);
        },
        onGap: () => {
          this.say({ kind: 'gap', from: this.tab, seq: ++this.seq });
          this.handlers.onGap();
        },
        onStatus: (status) => {
          this.position = own.position;
          this.beat(status);
          this.handlers.onStatus(status);
        },
      },
      this.position,
    );
    this.own = own;
    this.watchAll();
    own.start();
    return new Promise((resolve) => {
      this.resign = resolve;
    });
  }

  private stepDown(): void {
    this.position = this.own?.position ?? this.position;
    this.own?.stop();
    this.own = undefined;
    this.leader = '';
    this.tabs.clear();
    this.pictures.clear();
  }

  private beat(status: StreamStatus): void {
    const now = Date.now();
    const isNews = status.phase !== this.status.phase;
    this.status = status;
    if (!isNews && now - this.beatAt < BEAT_EVERY) return;
    this.beatAt = now;
    this.say({ kind: 'status', from: this.tab, seq: this.seq, position: this.position, status });
  }

  private watchAll(): void {
    const now = Date.now();
    const all = new Set(this.watched);
    for (const [tab, { watch, heardAt }] of this.tabs) {
      if (now - heardAt > TAB_LIMIT) this.tabs.delete(tab);
      else for (const id of watch) all.add(id);
    }
    // This tab's come last: a stream that can't watch all watches the last ones.
    for (const id of this.watched) {
      all.delete(id);
      all.add(id);
    }
    this.own?.watch([...all]);
  }

  // ── what the others say ──

  private hear(message: Message): void {
    if (this.own) this.hearAsLeader(message);
    else this.hearAsFollower(message);
  }

  private hearAsLeader(message: Message): void {
    switch (message.kind) {
      case 'hello':
      case 'here':
        this.tabs.set(message.from, { watch: message.watch, heardAt: Date.now() });
        this.watchAll();
        if (message.kind === 'hello') this.show(message.from);
        return;
      case 'bye':
        if (this.tabs.delete(message.from)) this.watchAll();
        return;
      case 'ping':
        this.beatAt = 0;
        this.beat(this.status);
        if (this.status.phase === 'reconnecting' || this.status.phase === 'offline') this.own?.hurry();
        return;
      case 'lead':
        // The lock is another's. That its loss was not noticed yet is a matter of moments.
        this.term = Math.max(this.term, message.term);
    }
  }

  private show(to: string): void {
    const { term, seq, position, status } = this;
    const events = [...this.pictures.values()];
    this.say({ kind: 'picture', from: this.tab, to, term, seq, position, status, events });
  }

  private hearAsFollower(message: Message): void {
    switch (message.kind) {
      case 'lead':
        if (message.term <= this.term && this.leader !== '') return;
        this.follow(message);
        this.seq = 0;
        this.ask();
        return;
      case 'picture':
        if (message.to !== this.tab || message.term < this.term) return;
        this.follow(message);
        this.seq = message.seq;
        for (const event of message.events) this.handlers.onEvent(event);
        this.tell(message.status);
        return;
      case 'event':
        if (!this.isNext(message.from, message.seq)) return;
        this.position = message.position;
        this.handlers.onEvent(message.event);
        return;
      case 'gap':
        if (this.isNext(message.from, message.seq)) this.handlers.onGap();
        return;
      case 'status':
        if (!this.isNext(message.from, message.seq + 1)) return;
        this.seq = message.seq;
        this.position = message.position;
        this.tell(message.status);
    }
  }

  /** Takes a leader's word for where the stream is. Without it being sure that this tab saw all before, it has a gap. */
  private follow({ from, term, position }: { from: string; term: number; position: string }): void {
    const isSure = this.position === '' || this.position === position;
    this.leader = from;
    this.term = term;
    this.position = position;
    this.heardAt = Date.now();
    if (!isSure) this.handlers.onGap();
  }

  /** Whether the leader's message of this number is to be taken. Numbers left out are a gap. */
  private isNext(from: string, seq: number): boolean {
    const now = Date.now();
    if (from !== this.leader) {
      // An earlier leader, or one whose picture is still to come. It is asked for, in case that this tab slept.
      if (now - this.askedAt >= BEAT_EVERY) this.ask();
      return false;
    }
    this.heardAt = now;
    if (seq <= this.seq) return false;
    const missed = seq > this.seq + 1;
    this.seq = seq;
    if (missed) this.handlers.onGap();
    return true;
  }

  private tell(status: StreamStatus): void {
    this.status = status;
    this.handlers.onStatus(status);
  }

  /** Asks the leader for its picture, and tells it what this tab watches. */
  private ask(): void {
    this.askedAt = Date.now();
    this.say({ kind: 'hello', from: this.tab, watch: this.watched });
  }

  // ── is the leader alive? ──

  private check(signal: AbortSignal): void {
    if (this.own || !this.ground) return;
    const now = Date.now();
    if (now - this.saidHereAt > HERE_EVERY) {
      this.saidHereAt = now;
      this.say({ kind: 'here', from: this.tab, watch: this.watched });
    }
    if (document.visibilityState !== 'visible') return; // those who are looked at care
    const limit = this.leader === '' ? FIRST_SILENCE_LIMIT : SILENCE_LIMIT;
    const isSilent = now - this.heardAt >= limit;
    if (!isSilent && this.status.phase === 'live') return;
    if (isSilent && this.pingedAt > this.heardAt && now - this.pingedAt >= FIRST_SILENCE_LIMIT - 1_000) {
      this.heardAt = now;
      void this.queue(this.ground.locks, signal, { steal: true });
      return;
    }
    if (isSilent && this.status.phase === 'live') this.tell({ ...this.status, phase: 'reconnecting' });
    if (this.pingedAt <= this.heardAt) this.pingedAt = now;
    this.say({ kind: 'ping', from: this.tab });
  }
}
