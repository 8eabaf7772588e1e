import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The Go server that serves the built app also passes /api on, adding the key; in
// development the pages come from Vite and the API from that same server.
const server = process.env.DASHBOARD_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  // The address under which the app will be served is known at serving time only.
  base: './',
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { port: 5173, strictPort: true, proxy: { '/api': { target: server } } },
  build: {
    target: 'es2023',
    // An inlined asset would need a data: source in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // dist/.gitkeep comes back with each build because public/ holds the same file.
    emptyOutDir: true,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    restoreMocks: true,
    testTimeout: 15_000,
  },
});
