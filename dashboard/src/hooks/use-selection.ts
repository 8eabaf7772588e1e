// Rows that the reader chose, to do something to all of them at once.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Mission } from '@/services/missions';

export interface Selection {
  /** In the order in which they were chosen, each as new as the list has it. */
  missions: Mission[];
  has: (id: string) => boolean;
  /** Chooses a row or lets it go. A range chooses all between the row of the last toggle and this one. */
  toggle: (mission: Mission, options?: { range?: boolean }) => void;
  /** All rows that are loaded. */
  all: () => void;
  clear: () => void;
}

const NONE: ReadonlyMap<string, Mission> = new Map();

/** A chosen row stays chosen when it leaves the list: what was chosen is acted on, not what is seen. */
export function useSelection(rows: Mission[]): Selection {
  const [chosen, setChosen] = useState(NONE);
  const last = useRef<string>(undefined);
  const current = useRef(rows);
  useEffect(() => {
    current.current = rows;
  }, [rows]);

  const toggle = useCallback<Selection['toggle']>((mission, options) => {
    const place = (id: string | undefined) => current.current.findIndex((row) => row.id === id);
    const from = options?.range ? place(last.current) : -1;
    const to = place(mission.id);
    last.current = mission.id;
    setChosen((before) => {
      const after = new Map(before);
      if (from >= 0 && to >= 0) {
        const range = current.current.slice(Math.min(from, to), Math.max(from, to) + 1);
        for (const row of range) after.set(row.id, row);
      } else if (!after.delete(mission.id)) {
        after.set(mission.id, mission);
      }
      return after;
    });
  }, []);
  const all = useCallback(() => setChosen(new Map(current.current.map((row) => [row.id, row]))), []);
  const clear = useCallback(() => setChosen(NONE), []);

  return useMemo(() => {
    const newest = new Map(chosen.size > 0 ? rows.map((row) => [row.id, row]) : []);
    return {
      missions: [...chosen.values()].map((mission) => newest.get(mission.id) ?? mission),
      has: (id) => chosen.has(id),
      toggle,
      all,
      clear,
    };
  }, [chosen, rows, toggle, all, clear]);
}
