import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { onTestFinished } from 'vitest';
import { App } from '@/app';
import { SettingsContext } from '@/hooks/use-settings';
import { LiveCache } from '@/live/live-cache';
import { newRouter } from '@/router';
import { newQueryClient } from '@/services/query-client';
import { type Settings, settings } from '@/settings';
import { FakeCommander } from './fake-commander';
import { server } from './server';

/** Shows the whole app at an address, with a commander that the test fills first, and other settings than the defaults. */
export function renderApp(
  path: string,
  fill?: (commander: FakeCommander) => void,
  changed?: Partial<Settings>,
) {
  const commander = new FakeCommander();
  fill?.(commander);
  server.use(...commander.handlers());
  const client = newQueryClient();
  const live = new LiveCache(client);
  live.start();
  onTestFinished(() => {
    live.stop();
    client.clear();
  });
  const router = newRouter(createMemoryHistory({ initialEntries: [path] }));
  render(
    <SettingsContext value={{ ...settings, ...changed }}>
      <App client={client} live={live}>
        <RouterProvider router={router} />
      </App>
    </SettingsContext>,
  );
  return { commander, client, live, router, user: userEvent.setup() };
}
