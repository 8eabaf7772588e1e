// A list that never jumps under its reader. At the top new rows come in by themselves, as many as a reader can follow;
// elsewhere, or while rows are chosen, they wait behind "N new".

import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { matches } from '@/live/apply';
import { useLive } from '@/live/live-context';
import { type Mission, type MissionFilter, missionKeys } from '@/services/missions';

/** So far from the page's top is still at the top. */
const TOP = 80;

export interface LiveList {
  /** So many missions wait to be shown. */
  newCount: number;
  /** There are more than newCount: not all were counted. */
  isMore: boolean;
  /** Shows them now, and lets go the rows that no longer match. Scroll to the top for it. */
  showNew: () => void;
  /**
   * The row no longer matches the filter, and stays for now so that nothing moves under the pointer and the reader sees
   * what became of it: show it dimmed. It goes at the top, or with showNew.
   */
  isGone: (mission: Mission) => boolean;
}

/** For the list that useMissions(filter) shows. chosen: rows are chosen, or a menu of one is open: nothing may move. */
export function useLiveList(filter: MissionFilter, chosen = false): LiveList {
  const live = useLive();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same filter may be another object
  const key = useMemo(() => missionKeys.list(filter), [JSON.stringify(filter)]);
  const list = useMemo(() => live.missions.listAt(key), [live, key]);
  const { newCount, isMore } = useSyncExternalStore(list.subscribe, list.getWaiting);
  useEffect(() => live.missions.readList(key, list), [live, key, list]);

  const scrolled = useScrolledAway();
  const away = chosen || scrolled;
  useEffect(() => (away ? list.hold() : undefined), [list, away]);
  useEffect(() => {
    const leave = new AbortController();
    for (const sign of ['pointermove', 'pointerdown', 'keydown']) {
      document.addEventListener(sign, () => list.touch(), { passive: true, signal: leave.signal });
    }
    return () => leave.abort();
  }, [list]);

  const showNew = useCallback(() => live.missions.showNew(key), [live, key]);
  const isGone = useCallback((mission: Mission) => !matches(mission, key[2]), [key]);
  return { newCount, isMore, showNew, isGone };
}

const subscribeToScroll = (listener: () => void) => {
  window.addEventListener('scroll', listener, { passive: true });
  return () => window.removeEventListener('scroll', listener);
};
const isAway = () => window.scrollY >= TOP;

function useScrolledAway(): boolean {
  return useSyncExternalStore(subscribeToScroll, isAway);
}
