// One connection to /api/events, from the request to its end. event-stream.ts opens them.

import { learnClock } from '@/services/clock';
import { SseParser, type StreamEvent } from './sse-parser';

/** The commander writes at once when it takes a client; what brings nothing for this long is held back on the way. */
const FIRST_BYTE_LIMIT = 8_000;
/** Heartbeats come every 10 s; two missed and a half is dead. */
const SILENCE_LIMIT = 25_000;
const LOOK_EVERY = 1_000;

/**
 * How a connection ended.
 * lived: it was open. unknown: the commander does not know what was asked for (422). refused: it wants a key (401).
 * blocked: an answer of somebody else, whatever its status, or no first byte: something on the way does not let streams
 * through, or has nobody behind it. away: nobody there, or the commander or the dashboard's server says that it can't serve.
 */
export type Ending = 'lived' | 'unknown' | 'refused' | 'blocked' | 'away';

export interface ConnectionHandlers {
  /** The first bytes are here: the server had subscribed us before it wrote them. */
  onOpen(): void;
  onEvent(event: StreamEvent): void;
  onId(id: string): void;
  /** Called for all that comes, heartbeats too. */
  onAlive(): void;
}

export class Connection {
  readonly url: string;
  readonly ended: Promise<Ending>;
  isOpen = false;
  private readonly handlers: ConnectionHandlers;
  private readonly abort = new AbortController();
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private deadline = 0;
  private late = false;

  constructor(url: string, lastEventId: string, handlers: ConnectionHandlers) {
    this.url = url;
    this.handlers = handlers;
    this.ended = this.run(lastEventId);
  }

  /** Safe to call twice. */
  close(): void {
    this.abort.abort();
  }

  private async run(lastEventId: string): Promise<Ending> {
    this.expect(FIRST_BYTE_LIMIT);
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (lastEventId) headers['Last-Event-ID'] = lastEventId;
      const { signal } = this.abort;
      const sentAt = Date.now();
      const response = await fetch(this.url, { headers, cache: 'no-store', signal });
      learnClock(response, sentAt);
      const type = response.headers.get('Content-Type') ?? '';
      const isOurs = type.startsWith('application/problem+json');
      if (response.status === 422) return 'unknown';
      if (response.status === 401 && isOurs) return 'refused';
      if (response.status >= 500 && isOurs) return 'away';
      if (!response.ok || !response.body || !type.includes('text/event-stream')) return 'blocked';
      await this.read(response.body);
    } catch {
      // Refused, cut or silent: the ending says which.
    } finally {
      clearInterval(this.watchdog);
      this.abort.abort(); // frees the connection where its body was not read to the end
    }
    if (this.isOpen) return 'lived';
    return this.late ? 'blocked' : 'away';
  }

  private async read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const parser = new SseParser(this.handlers);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.abort.signal.aborted) return;
      this.expect(SILENCE_LIMIT);
      if (!this.isOpen) {
        this.isOpen = true;
        this.handlers.onOpen();
      }
      this.handlers.onAlive();
      parser.feed(value);
    }
  }

  /**
   * Ends the connection unless something comes within this time by the clock on the wall. A timer alone would not do: it
   * stands still while a laptop sleeps, and a connection that died meanwhile would pass for live as long again.
   */
  private expect(ms: number): void {
    this.deadline = Date.now() + ms;
    this.watchdog ??= setInterval(() => {
      if (Date.now() < this.deadline) return;
      this.late = true;
      this.abort.abort();
    }, LOOK_EVERY);
  }
}
