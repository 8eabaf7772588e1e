import { HttpResponse, http } from 'msw';
import { afterEach, expect, it, vi } from 'vitest';
import { server } from '@/test/server';
import { EventStream, type StreamHandlers, type StreamPhase } from './event-stream';

afterEach(() => void vi.useRealTimers());

function start(onStatus: StreamHandlers['onStatus'] = () => {}): EventStream {
  const stream = new EventStream('http://localhost/api/events', {
    onEvent: () => {},
    onGap: () => {},
    onStatus,
  });
  stream.start();
  return stream;
}

it.each([
  ['a page', () => HttpResponse.html('<title>Log in</title>')],
  ['a 401 of its own', () => new HttpResponse('log in', { status: 401 })],
])('does not take a login on the way for a commander: %s', async (_, answer) => {
  let asked = 0;
  server.use(
    http.get('*/api/events', answer),
    http.get('*/api/health', () => {
      asked += 1;
      return answer();
    }),
  );
  const phases: StreamPhase[] = [];
  const stream = start(({ phase }) => phases.push(phase));
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1), 5_000);
  await vi.waitFor(() => expect(phases.length).toBeGreaterThan(1), 5_000);
  stream.stop();
  expect(phases).not.toContain('polling');
});

it('asks less and less often where streams are cut as soon as they began', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 20 });
  const at: number[] = [];
  server.use(
    http.get('*/api/events', () => {
      at.push(Date.now());
      return new HttpResponse('retry: 1000\n\n', { headers: { 'Content-Type': 'text/event-stream' } });
    }),
  );
  const stream = start();
  for (let i = 0; i < 40 && at.length < 6; i++) await vi.advanceTimersByTimeAsync(500);
  stream.stop();
  expect(at.length).toBeGreaterThanOrEqual(6);
  expect((at[5] ?? 0) - (at[4] ?? 0)).toBeGreaterThan(3_000);
});
