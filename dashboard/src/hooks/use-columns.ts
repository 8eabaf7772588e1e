// Which columns of the missions' list are shown. The reader's choice, kept by the browser.

import type { ColumnVisibilityState } from '@tanstack/react-table';
import { useState } from 'react';
import { z } from 'zod';

const KEY = 'mission-control.mission-columns';
const kept = z.record(z.string(), z.boolean());

function read(): ColumnVisibilityState {
  try {
    return kept.parse(JSON.parse(localStorage.getItem(KEY) ?? '{}'));
  } catch {
    return {}; // written by hand or by another version: the default columns are shown
  }
}

/** What the reader chose on top of the defaults; ids that are no columns do no harm. */
export function useColumnChoice(defaults: ColumnVisibilityState) {
  const [choice, setChoice] = useState(read);
  const change = (next: ColumnVisibilityState) => {
    localStorage.setItem(KEY, JSON.stringify(next));
    setChoice(next);
  };
  return [{ ...defaults, ...choice }, change] as const;
}
