import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { onTestFinished } from 'vitest';
import { App } from '@/app';
import { LiveCache } from '@/live/live-cache';
import { newRouter } from '@/router';
import { newQueryClient } from '@/services/query-client';
import { FakeCommander } from './fake-commander';
import { server } from './server';

/** Shows the whole app at an address, with a commander that the test fills first. */
export function renderApp(path: string, fill?: (commander: FakeCommander) => void) {
  const commander = new FakeCommander();
  fill?.(commander);
  server.use(...commander.handlers());
  const client = newQueryClient();
  const live = new LiveCache(client, '/api/events');
  live.start();
  onTestFinished(() => {
    live.stop();
    client.clear();
  });
  const router = newRouter(createMemoryHistory({ initialEntries: [path] }));
  render(
    <App client={client} live={live}>
      <RouterProvider router={router} />
    </App>,
  );
  return { commander, router, user: userEvent.setup() };
}
