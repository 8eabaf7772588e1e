import { createContext, useContext, useSyncExternalStore } from 'react';
import type { LiveCache, LiveState } from './live-cache';

const LiveContext = createContext<LiveCache | undefined>(undefined);

export const LiveProvider = LiveContext.Provider;

/** Nothing of what is shown is known to be so now. */
export const isCutOff = (phase: LiveState['phase']) => phase === 'offline' || phase === 'refused';

export function useLive(): LiveCache {
  const live = useContext(LiveContext);
  if (!live) throw new Error('useLive needs a LiveProvider above it');
  return live;
}

export function useStreamStatus(): LiveState {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.getState);
}
