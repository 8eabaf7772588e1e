import { HttpResponse, http } from 'msw';
import { afterEach, expect, it, vi } from 'vitest';
import { server } from '@/test/server';
import { EventStream, type StreamPhase } from './event-stream';

afterEach(() => void vi.useRealTimers());

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
  const stream = new EventStream('http://localhost/api/events', {
    onEvent: () => {},
    onGap: () => {},
    onStatus: ({ phase }) => phases.push(phase),
  });
  stream.start();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1), 5_000);
  await vi.waitFor(() => expect(phases.length).toBeGreaterThan(1), 5_000);
  stream.stop();
  expect(phases).not.toContain('polling');
});
