// Reads anew what was answered from the commander's memory, or failed in a way that passes, though nothing is known to be away.
// That Redis is back is told once; a read of just after it, or one that alone took too long, would stay as it is for ever.

import type { Query, QueryClient } from '@tanstack/react-query';
import { ApiError } from '@/services/api';
import { ONLY_WHEN_ASKED } from './catch-up';

const FIRST_DELAY = 3_000;
const LONGEST_DELAY = 60_000;

export class ReadAgain {
  private readonly client: QueryClient;
  private readonly mayRead: () => boolean;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay = FIRST_DELAY;

  /** Nothing is read while mayRead is false: whoever changes that calls now. */
  constructor(client: QueryClient, mayRead: () => boolean) {
    this.client = client;
    this.mayRead = mayRead;
  }

  /** Looks at an answer that just came, and has it read again later where it should. */
  look(query: Query): void {
    if (isPoor(query) && this.mayRead()) this.later();
  }

  /** Reads at once, whatever it failed with, and more often again. */
  now(): void {
    this.delay = FIRST_DELAY;
    void this.client.invalidateQueries({
      predicate: (query) => query.state.status === 'error' || isFromMemory(query),
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.delay = FIRST_DELAY;
  }

  private later(): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => void this.read(), this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  }

  /** Its answers are looked at, too: what is still poor is read again, after twice the time. */
  private async read(): Promise<void> {
    this.timer = undefined;
    if (!this.mayRead()) return;
    await this.client.invalidateQueries({ predicate: isPoor });
    if (!this.client.getQueryCache().findAll({ type: 'active', predicate: isPoor }).length)
      this.delay = FIRST_DELAY;
  }
}

function isPoor(query: Query): boolean {
  const { error } = query.state;
  if (isFromMemory(query)) return true;
  return error instanceof ApiError && error.mayPass && !ONLY_WHEN_ASKED.has(query.queryKey[0]);
}

function isFromMemory(query: Query): boolean {
  const read = query.state.data as { degraded?: boolean; pages?: { degraded?: boolean }[] } | undefined;
  return read?.degraded ?? read?.pages?.some((page) => page.degraded) ?? false;
}
