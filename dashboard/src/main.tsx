import './styles';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { LiveCache } from './live/live-cache';
import { newRouter } from './router';
import { newQueryClient } from './services/query-client';
import { settings } from './settings';

// Dialogs lock the scroll by a style element, which needs the page's nonce as Mantine's do.
if (settings.styleNonce) setNonce(settings.styleNonce);

const client = newQueryClient();
const live = new LiveCache(client);
live.start(); // for the life of the tab, whatever page is shown
// A page that is left may be kept by the browser, and shown again: it must not lead the other tabs meanwhile.
window.addEventListener('pagehide', () => live.stop());
window.addEventListener('pageshow', (event) => event.persisted && live.start());

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App client={client} live={live}>
      <RouterProvider router={newRouter()} />
    </App>
  </StrictMode>,
);
