// One connection to /api/events that keeps itself alive.
//
// Not the browser's EventSource, for three reasons: that one gives up for good when
// the server answers 502 (the commander restarts), it hides the heartbeats, so a
// dead connection looks alive, and after a new start it can't say which event it saw
// last. This one reads the same protocol through fetch.
//
//   connecting -> live -> reconnecting -> live ...
//                          after OFFLINE_AFTER: offline, still trying

import { SseParser, type StreamEvent } from './sse-parser';

export type StreamPhase = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** Heartbeats come every 10 s; two missed and a half is dead. */
const SILENCE_LIMIT = 25_000;
const OFFLINE_AFTER = 10_000;
const FIRST_DELAY = 300;
const LONGEST_DELAY = 5_000;

export interface StreamStatus {
  phase: StreamPhase;
  /** When the stream was last known to be alive, in milliseconds; undefined if it never was. */
  aliveAt?: number;
}

export interface StreamHandlers {
  onEvent(event: StreamEvent): void;
  /** Events may have been missed since the last connection: what is shown must be fetched anew. */
  onGap(): void;
  onStatus(status: StreamStatus): void;
}

export class EventStream {
  private readonly url: string;
  private readonly handlers: StreamHandlers;
  private stopper: AbortController | undefined;
  private attempt: AbortController | undefined;
  private wake: (() => void) | undefined;
  private lastEventId = '';
  private everOpened = false;
  private lostAt = 0;
  private status: StreamStatus = { phase: 'connecting' };

  constructor(url: string, handlers: StreamHandlers) {
    this.url = url;
    this.handlers = handlers;
  }

  /** Connects, and goes on until stop. Safe to call twice. */
  start(): void {
    if (this.stopper) return;
    this.stopper = new AbortController();
    this.lostAt = Date.now();
    const { signal } = this.stopper;
    // A laptop that wakes, or a network that comes back, should not wait for the next try.
    window.addEventListener('online', this.hurry, { signal });
    document.addEventListener('visibilitychange', this.hurry, { signal });
    void this.run(signal);
  }

  /** Ends the connection; start may follow. Safe to call twice. */
  stop(): void {
    this.stopper?.abort();
    this.attempt?.abort();
    this.wake?.();
    this.stopper = undefined;
  }

  private readonly hurry = () => {
    if (document.visibilityState === 'visible') this.wake?.();
  };

  private async run(stopped: AbortSignal): Promise<void> {
    let failures = 0;
    while (!stopped.aborted) {
      const lived = await this.connectOnce(stopped);
      if (stopped.aborted) return;
      if (lived) {
        failures = 0;
        this.lostAt = Date.now();
      }
      this.report(
        Date.now() - this.lostAt >= OFFLINE_AFTER || !navigator.onLine ? 'offline' : 'reconnecting',
      );
      const delay = Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY);
      failures += 1;
      await this.pause(delay * (0.75 + Math.random() / 2));
    }
  }

  /** True if the stream was open, however it ended. */
  private async connectOnce(stopped: AbortSignal): Promise<boolean> {
    const attempt = new AbortController();
    this.attempt = attempt;
    let watchdog = setTimeout(() => attempt.abort(), SILENCE_LIMIT);
    let opened = false;
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.lastEventId) headers['Last-Event-ID'] = this.lastEventId;
      const response = await fetch(this.url, { headers, cache: 'no-store', signal: attempt.signal });
      if (
        !response.ok ||
        !response.body ||
        !response.headers.get('Content-Type')?.includes('text/event-stream')
      ) {
        return false; // the abort below frees the connection
      }
      const resumes = this.lastEventId !== '';
      const parser = new SseParser({
        onEvent: (event) => this.take(event),
        onId: (id) => {
          this.lastEventId = id;
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stopped.aborted) return opened;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => attempt.abort(), SILENCE_LIMIT);
        if (!opened) {
          opened = true;
          // The server subscribed us before it wrote these first bytes.
          if (this.everOpened && !resumes) this.handlers.onGap();
          this.everOpened = true;
        }
        this.report('live');
        parser.feed(value);
      }
    } catch {
      return opened; // refused, cut or silent: the caller tries again, and the status says so
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
    }
  }

  private take(event: StreamEvent): void {
    if (event.type === 'reset') this.handlers.onGap();
    else this.handlers.onEvent(event);
  }

  private report(phase: StreamPhase): void {
    const aliveAt = phase === 'live' ? Date.now() : this.status.aliveAt;
    this.status = { phase, aliveAt };
    this.handlers.onStatus(this.status);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const wakeUp = () => done();
      this.wake = wakeUp;
      function done() {
        clearTimeout(timer);
        resolve();
      }
    });
  }
}
