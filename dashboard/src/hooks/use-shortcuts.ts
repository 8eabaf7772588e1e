// Keyboard shortcuts. A page says what its keys do while it is shown; the sheet behind "?" lists what holds now.
// Keys typed into a field, or with Ctrl, Alt or Meta, are never taken, and none while a dialog or a menu is open.

import { useEffect, useSyncExternalStore } from 'react';

export interface Shortcut {
  /** One key as KeyboardEvent.key names it, or two in a row with a space between: "g m". */
  keys: string;
  label: string;
  run: () => void;
}

const FIELDS =
  'input:not([type="checkbox"], [type="radio"]), textarea, select, [role="combobox"], [role="listbox"]';
/** A second key that comes later than this begins anew. */
const SEQUENCE_MS = 1_200;

let active: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
let first: { key: string; at: number } | undefined;

function onKey(event: KeyboardEvent) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector('[role="dialog"], [role="menu"]')) return;
  const before = first && event.timeStamp - first.at < SEQUENCE_MS ? first.key : undefined;
  first = undefined;
  // The page's own come last, and win over those of the whole app.
  const found =
    (before && active.findLast((s) => s.keys === `${before} ${event.key}`)) ||
    active.findLast((s) => s.keys === event.key);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (active.some((s) => s.keys.startsWith(`${event.key} `))) {
    first = { key: event.key, at: event.timeStamp };
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches(FIELDS));
}

function replace(next: readonly Shortcut[]) {
  if (active.length === 0 && next.length > 0) document.addEventListener('keydown', onKey);
  if (next.length === 0) document.removeEventListener('keydown', onKey);
  active = next;
  for (const listener of listeners) listener();
}

/** Holds while the component is shown. Memoize the list: a new one is taken for other shortcuts. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    replace([...active, ...shortcuts]);
    return () => replace(active.filter((s) => !shortcuts.includes(s)));
  }, [shortcuts]);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What holds now. */
export function useActiveShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => active);
}
