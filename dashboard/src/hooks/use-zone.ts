// In which zone times are shown: the reader's own, or UTC. One choice for texts and axes alike, kept by the browser.

import { useSyncExternalStore } from 'react';

export type Zone = 'local' | 'utc';

const KEY = 'mission-control.zone';
const listeners = new Set<() => void>();

const read = (): Zone => (localStorage.getItem(KEY) === 'utc' ? 'utc' : 'local');

function subscribe(listener: () => void) {
  listeners.add(listener);
  window.addEventListener('storage', listener); // another tab changed it
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

export function setZone(zone: Zone): void {
  localStorage.setItem(KEY, zone);
  for (const listener of listeners) listener();
}

export function useZone(): Zone {
  return useSyncExternalStore(subscribe, read);
}
