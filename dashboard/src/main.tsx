import './styles';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { App } from './app';
import { LiveCache } from './live/live-cache';
import { newRouter } from './router';
import { newQueryClient } from './services/query-client';

// The Content-Security-Policy forbids compiling code at run time; without this zod
// would try once, and the browser would report it.
z.config({ jitless: true });

const client = newQueryClient();
const live = new LiveCache(client);
live.start(); // one stream for the life of the tab, whatever page is shown

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App client={client} live={live}>
      <RouterProvider router={newRouter()} />
    </App>
  </StrictMode>,
);
