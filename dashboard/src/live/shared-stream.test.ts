import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamHandlers, StreamStatus } from './event-stream';
import { type Ground, SharedStream, type StreamOfItsOwn } from './shared-stream';

/** Locks and channels of a browser, without the browser. */
class FakeBrowser {
  /** Tabs whose event loop stands still: they hear nothing. */
  readonly frozen = new Set<FakeChannel>();
  readonly channels = new Set<FakeChannel>();
  private holder: { reject: (error: Error) => void } | undefined;
  private readonly queue: { run: () => void; signal?: AbortSignal }[] = [];

  ground(): Ground {
    const request = (_: string, options: LockOptions, callback: (lock: Lock | null) => unknown) =>
      new Promise((resolve, reject) => {
        const run = () => {
          const holder = { reject };
          this.holder = holder;
          void Promise.resolve(callback(null)).then((value) => {
            resolve(value);
            if (this.holder !== holder) return;
            this.holder = undefined;
            this.grantNext();
          });
        };
        options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        if (options.steal) {
          this.holder?.reject(new DOMException('stolen', 'AbortError'));
          run();
        } else {
          this.queue.push({ run, signal: options.signal });
          if (!this.holder) this.grantNext();
        }
      });
    return {
      locks: { request: request as LockManager['request'] },
      channel: () => new FakeChannel(this) as unknown as BroadcastChannel,
    };
  }

  private grantNext(): void {
    let next = this.queue.shift();
    while (next?.signal?.aborted) next = this.queue.shift();
    next?.run();
  }
}

class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  private readonly browser: FakeBrowser;

  constructor(browser: FakeBrowser) {
    this.browser = browser;
    browser.channels.add(this);
  }

  postMessage(message: unknown): void {
    if (this.browser.frozen.has(this)) return;
    const data = structuredClone(message);
    for (const other of this.browser.channels) {
      if (other === this) continue;
      queueMicrotask(() => {
        if (!this.browser.frozen.has(other)) other.onmessage?.({ data });
      });
    }
  }

  close(): void {
    this.browser.channels.delete(this);
  }
}

class FakeStream implements StreamOfItsOwn {
  position: string;
  watched: readonly string[] = [];
  isOpen = false;
  hurried = 0;
  private readonly handlers: StreamHandlers;

  constructor(handlers: StreamHandlers, position: string) {
    this.handlers = handlers;
    this.position = position;
    streams.push(this);
  }

  start() {
    this.isOpen = true;
  }
  stop() {
    this.isOpen = false;
  }
  watch(ids: readonly string[]) {
    this.watched = ids;
  }
  hurry = () => {
    this.hurried += 1;
  };
  status(status: StreamStatus) {
    this.handlers.onStatus(status);
  }
  live(position: string) {
    this.position = position;
    this.status({ phase: 'live', aliveAt: Date.now() });
  }
  event(type: string, data: string, position = this.position) {
    this.position = position;
    this.handlers.onEvent({ type, data });
  }
}

let browser: FakeBrowser;
let streams: FakeStream[];

/** A tab: what it was told, in words. */
function openTab() {
  const told: string[] = [];
  let last = '';
  const before = new Set(browser.channels);
  const stream = new SharedStream(
    'test',
    (handlers, position) => new FakeStream(handlers, position),
    {
      onEvent: ({ type, data }) => told.push(`${type} ${data}`),
      onGap: () => told.push('gap'),
      onStatus: ({ phase }) => {
        if (phase !== last) told.push(phase);
        last = phase;
      },
    },
    browser.ground(),
  );
  stream.start();
  const channel = [...browser.channels].find((c) => !before.has(c)) as FakeChannel;
  return { stream, told, channel };
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const only = () => {
  const open = streams.filter((stream) => stream.isOpen);
  expect(open).toHaveLength(1);
  return open[0] as FakeStream;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  browser = new FakeBrowser();
  streams = [];
});
afterEach(() => vi.useRealTimers());

describe('tabs of one browser', () => {
  it('have one stream, and hear the same', async () => {
    const [a, b, c] = [openTab(), openTab(), openTab()];
    await settle();
    only().live('1-0');
    only().event('mission', 'one', '2-0');
    await settle();
    for (const { told } of [a, b, c]) expect(told.slice(-2)).toEqual(['live', 'mission one']);
  });

  it("give a new tab each topic's last picture, and then what comes", async () => {
    openTab();
    await settle();
    only().live('1-0');
    only().event('stats', 'old');
    only().event('stats', 'new');
    only().event('mission', 'long gone', '5-0');
    await settle();
    const late = openTab();
    await settle();
    only().event('mission', 'next', '6-0');
    await settle();
    expect(late.told).toEqual(['stats new', 'live', 'mission next']);
  });

  it('go on behind the last event when the leader goes, and nobody has a gap', async () => {
    const [a, b, c] = [openTab(), openTab(), openTab()];
    await settle();
    only().live('1-0');
    only().event('mission', 'one', '2-0');
    await settle();
    a.stream.stop();
    await settle();
    expect(only().position).toBe('2-0');
    only().live('2-0');
    only().event('mission', 'two', '3-0');
    await settle();
    for (const { told } of [b, c]) {
      expect(told).not.toContain('gap');
      expect(told.slice(-2)).toEqual(['mission one', 'mission two']);
    }
    expect(a.told).not.toContain('mission two');
  });

  it('tell a tab of a gap when it missed a message, and when a new leader goes on elsewhere', async () => {
    const [a, b, c] = [openTab(), openTab(), openTab()];
    await settle();
    only().live('1-0');
    await settle();
    browser.frozen.add(c.channel);
    only().event('mission', 'missed', '2-0');
    await settle();
    browser.frozen.delete(c.channel);
    only().event('mission', 'heard', '3-0');
    await settle();
    expect(c.told.slice(-2)).toEqual(['gap', 'mission heard']);

    browser.frozen.add(c.channel);
    only().event('mission', 'missed again', '4-0');
    await settle();
    browser.frozen.delete(c.channel);
    a.stream.stop();
    await settle();
    expect(c.told.at(-1)).toBe('gap');
    expect(b.told).not.toContain('gap');
  });

  it('watch what any of them watches', async () => {
    const [a, b] = [openTab(), openTab()];
    await settle();
    a.stream.watch(['x']);
    b.stream.watch(['y', 'x']);
    await settle();
    expect([...only().watched].sort()).toEqual(['x', 'y']);
    b.stream.stop();
    await settle();
    expect(only().watched).toEqual(['x']);
    const c = openTab();
    c.stream.watch(['z']);
    a.stream.stop();
    await settle();
    expect(only().watched).toEqual(['z']);
  });

  it('take the lock from a leader that does not answer, which follows when it wakes', async () => {
    const [a, b] = [openTab(), openTab()];
    await settle();
    const first = only();
    first.live('1-0');
    await settle();
    browser.frozen.add(a.channel);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(only()).toBe(first); // a heartbeat may still come
    while (streams.length === 1) await vi.advanceTimersByTimeAsync(500);
    const second = only();
    expect(second.position).toBe('1-0');
    expect(b.told).toContain('reconnecting');
    second.live('2-0');
    second.event('mission', 'one', '3-0');
    browser.frozen.delete(a.channel);
    for (let beat = 0; beat < 6; beat++) {
      second.live('3-0');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(only()).toBe(second);
    expect(a.told).toContain('gap'); // it slept through an event
    expect(a.told.at(-1)).toBe('live');
  });

  it('leave a leader alone that answers, and have it try at once to reconnect', async () => {
    const [a] = [openTab(), openTab()];
    await settle();
    const first = only();
    first.live('1-0');
    first.status({ phase: 'reconnecting', aliveAt: Date.now() });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(only()).toBe(first);
    expect(first.hurried).toBeGreaterThan(5);
    expect(a.told).toEqual(['live', 'reconnecting']);
  });

  it('have a stream each where there are no locks', async () => {
    const handlers = { onEvent: () => {}, onGap: () => {}, onStatus: () => {} };
    const open = (h: StreamHandlers, position: string) => new FakeStream(h, position);
    const alone = () => new SharedStream('test', open, handlers, undefined);
    expect('locks' in navigator).toBe(false); // as on http, which jsdom is
    for (const stream of [alone(), alone()]) stream.start();
    expect(streams.filter((stream) => stream.isOpen)).toHaveLength(2);
  });
});
