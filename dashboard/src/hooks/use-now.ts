// One clock for the whole page: all relative times tick together, once a second,
// and not at all while nothing shows one or the page is hidden. It is the commander's,
// because the times that it is compared with are.

import { useSyncExternalStore } from 'react';
import { clockAhead, commanderNow, subscribeToClock } from '@/services/clock';

const listeners = new Set<() => void>();
let now = commanderNow();
let timer: ReturnType<typeof setInterval> | undefined;
let forget = () => {};

function tick() {
  if (document.visibilityState === 'hidden') return;
  now = commanderNow();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (!timer) {
    now = commanderNow();
    timer = setInterval(tick, 1_000);
    document.addEventListener('visibilitychange', tick);
    forget = subscribeToClock(tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
      document.removeEventListener('visibilitychange', tick);
      forget();
    }
  };
}

/** The commander's time in milliseconds, ticking each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** So many milliseconds the commander's clock is ahead of this computer's; 0 while they agree. */
export const useClockAhead = (): number => useSyncExternalStore(subscribeToClock, clockAhead);
