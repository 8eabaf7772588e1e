import { setupServer } from 'msw/node';

/** No handlers by default: each test sets up the commander that it needs. */
export const server = setupServer();
