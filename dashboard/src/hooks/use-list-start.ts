// Where the rows that are kept begin in the whole list. Pages come and go at either
// end, and may come back with more or fewer rows than they had; the rows that stay
// must not move for it.

import { useEffect, useMemo, useRef } from 'react';
import type { Mission, PageParam } from '@/services/missions';

/** Scope names the list: in another one nothing is to stay in its place. */
export function useListStart(param: PageParam | undefined, missions: Mission[], scope: string): number {
  const before = useRef<{ missions: Mission[]; start: number; scope: string }>(undefined);
  const start = useMemo(() => {
    if (!param?.before) return 0;
    const was = before.current;
    if (was?.scope !== scope) return param.start;
    const places = new Map(was.missions.map((mission, i) => [mission.id, i]));
    for (const [i, mission] of missions.entries()) {
      const place = places.get(mission.id);
      if (place !== undefined) return Math.max(0, was.start + place - i);
    }
    return param.start;
  }, [param, missions, scope]);
  useEffect(() => {
    before.current = { missions, start, scope };
  }, [missions, start, scope]);
  return start;
}
