import { describe, expect, it } from 'vitest';
import { SseParser, type StreamEvent } from './sse-parser';

function read(pieces: string[]) {
  const events: StreamEvent[] = [];
  const ids: string[] = [];
  const parser = new SseParser({ onEvent: (event) => events.push(event), onId: (id) => ids.push(id) });
  for (const piece of pieces) parser.feed(piece);
  return { events, ids };
}

describe('SseParser', () => {
  it('reads events, ids and heartbeats', () => {
    const { events, ids } = read([
      'id: 7-0\n\n: heartbeat\n\nid: 8-0\nevent: mission\ndata: {"a":1}\n\ndata:x\n\n',
    ]);
    expect(ids).toEqual(['7-0', '8-0']);
    expect(events).toEqual([
      { type: 'mission', data: '{"a":1}' },
      { type: 'message', data: 'x' },
    ]);
  });

  it('reads the same however the text is cut', () => {
    const text = 'id: 1\r\nevent: stats\r\ndata: one\r\ndata: two\r\n\r\nevent: x\ndata\n\n';
    const whole = read([text]);
    expect(whole.events).toEqual([
      { type: 'stats', data: 'one\ntwo' },
      { type: 'x', data: '' },
    ]);
    for (let at = 1; at < text.length; at++) {
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(whole);
    }
    expect(read([...text])).toEqual(whole);
  });

  it('hands out nothing that is not finished', () => {
    expect(read(['id: 1\nevent: mission\ndata: {}\n']).events).toEqual([]);
    expect(read(['id: 1\nevent: mission\ndata: {}\n']).ids).toEqual([]);
  });
});
