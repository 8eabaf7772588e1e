import { MantineProvider } from '@mantine/core';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { LiveCache } from './live/live-cache';
import { LiveProvider } from './live/live-context';
import { settings } from './settings';
import { theme } from './theme';

const styleNonce = () => settings.styleNonce ?? '';

/** What every page stands on: theme, query client, live updates. */
export function App({
  client,
  live,
  children,
}: {
  client: QueryClient;
  live: LiveCache;
  children: ReactNode;
}) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={client}>
        <LiveProvider value={live}>{children}</LiveProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
