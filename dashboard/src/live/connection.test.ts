import { HttpResponse, http } from 'msw';
import { expect, it, vi } from 'vitest';
import { server } from '@/test/server';
import { Connection } from './connection';

const handlers = { onOpen: () => {}, onEvent: () => {}, onId: () => {}, onAlive: () => {} };

it('is dead at once after a sleep, in which timers stand still', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  server.use(
    http.get('*/api/events', ({ request }) => {
      const body = new ReadableStream<Uint8Array>({
        start: (stream) => {
          stream.enqueue(new TextEncoder().encode(': hello\n\n'));
          request.signal.addEventListener('abort', () => stream.error(request.signal.reason));
        },
      });
      return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } });
    }),
  );
  const opened = vi.fn();
  const connection = new Connection('http://localhost/api/events', '', { ...handlers, onOpen: opened });
  await vi.waitFor(() => expect(opened).toHaveBeenCalled());
  let ending = '';
  void connection.ended.then((how) => {
    ending = how;
  });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(ending).toBe('');
  vi.setSystemTime(Date.now() + 60_000); // the lid was closed
  await vi.advanceTimersByTimeAsync(1_000);
  await vi.waitFor(() => expect(ending).toBe('lived'));
});
