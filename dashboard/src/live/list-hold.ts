// One list as somebody reads it. While it is held no row comes, goes or moves: rows change where they are, and new
// ones wait. It is held while the reader is not at the top or has chosen rows, and while more new ones come than can
// be followed.

import type { Mission } from '@/services/missions';

/** More new rows in a second than a reader can follow. */
const FOLLOWED_PER_SECOND = 5;
const SECOND = 1_000;
/** A list that is held for its speed alone, and that nobody touches, shows what is new this often: it is watched from afar. */
const RENEW_EVERY = 10_000;
const WAITING_LIMIT = 1_000;

export interface Waiting {
  newCount: number;
  /** There are more: not all were counted. */
  isMore: boolean;
}

const NONE: Waiting = { newCount: 0, isMore: false };

export class ListHold {
  /** Changes were not told: the rows that wait are not all, and what is shown may be behind. */
  isBehind = false;
  private readonly onLetGo: () => void;
  private readonly listeners = new Set<() => void>();
  private readers = 0;
  private waiting = new Map<string, Mission>();
  private snapshot = NONE;
  private ticker: ReturnType<typeof setInterval> | undefined;
  private arrived = 0;
  private windowFrom = 0;
  private touchedAt = 0;
  private shownAt = 0;

  /** onLetGo is called when the list is held no more: what waits may be shown. */
  constructor(onLetGo: () => void) {
    this.onLetGo = onLetGo;
  }

  get isHeld(): boolean {
    return this.readers > 0 || this.ticker !== undefined;
  }

  /** Holds the list until the release is called. */
  hold(): () => void {
    this.readers += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.readers -= 1;
      if (!this.isHeld) this.onLetGo();
    };
  }

  /** The reader's hand is on the page: nothing may move under it. */
  touch(): void {
    this.touchedAt = Date.now();
  }

  isWaiting(id: string): boolean {
    return this.waiting.has(id);
  }

  /** Counts new rows, and holds the list from now on if they are too many to follow. */
  count(rows: number): void {
    const now = Date.now();
    if (now - this.windowFrom >= SECOND) {
      this.windowFrom = now;
      this.arrived = 0;
    }
    this.arrived += rows;
    if (this.arrived <= FOLLOWED_PER_SECOND || this.ticker !== undefined) return;
    this.shownAt = now;
    this.ticker = setInterval(() => this.tick(), SECOND);
  }

  /** Keeps rows back, and drops or renews those that wait as their changes say. */
  keep(
    rows: readonly Mission[],
    changes: ReadonlyMap<string, Mission>,
    stillFits: (m: Mission) => boolean,
  ): void {
    for (const [id, known] of this.waiting) {
      const change = changes.get(id);
      if (!change || change.version <= known.version) continue;
      if (stillFits(change)) this.waiting.set(id, change);
      else this.waiting.delete(id);
    }
    for (const row of rows) {
      if (this.waiting.has(row.id)) continue;
      if (this.waiting.size < WAITING_LIMIT) this.waiting.set(row.id, row);
      else this.isBehind = true;
    }
    this.publish();
  }

  markBehind(): void {
    this.isBehind = true;
    this.publish();
  }

  /** Hands out what waits, and waits for nothing. */
  take(): Mission[] {
    const rows = [...this.waiting.values()];
    this.waiting = new Map();
    this.isBehind = false;
    this.shownAt = Date.now();
    this.publish();
    return rows;
  }

  /** The list is shown no more. */
  close(): void {
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getWaiting = (): Waiting => this.snapshot;

  private tick(): void {
    const now = Date.now();
    const isCalm = this.arrived <= FOLLOWED_PER_SECOND;
    const isUntouched = now - Math.max(this.touchedAt, this.shownAt) >= RENEW_EVERY;
    this.arrived = 0;
    this.windowFrom = now;
    if (isCalm) this.close();
    if (this.readers === 0 && (isCalm || isUntouched)) this.onLetGo();
  }

  private publish(): void {
    const next = { newCount: this.waiting.size, isMore: this.isBehind };
    if (next.newCount === this.snapshot.newCount && next.isMore === this.snapshot.isMore) return;
    this.snapshot = next.newCount === 0 && !next.isMore ? NONE : next;
    for (const listener of this.listeners) listener();
  }
}
