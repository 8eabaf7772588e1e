// One action on missions that the reader chose, one request each.

import { useCallback, useRef, useState } from 'react';
import { useLive } from '@/live/live-context';
import { ApiError } from '@/services/api';
import type { BulkAction } from '@/services/bulk';
import { cancelMission, type Mission, purgeMission, retryMission } from '@/services/missions';

/** So many requests are under way at a time; browsers hold back more than six to one server. */
const AT_ONCE = 4;

export interface ChangeReport {
  action: BulkAction;
  total: number;
  changed: number;
  /** Those that could not be changed, and why. */
  refused: { mission: Mission; reason: string }[];
}

export const isUnderWay = (report: ChangeReport): boolean =>
  report.changed + report.refused.length < report.total;

export function useChangeMissions() {
  const live = useLive();
  const [report, setReport] = useState<ChangeReport>();
  const latest = useRef(0);

  const change = useCallback(
    async (action: BulkAction, missions: Mission[]) => {
      // What an earlier one still does belongs in no other's report.
      const mine = ++latest.current;
      const update = (next: (before: ChangeReport) => ChangeReport) => {
        if (mine === latest.current) setReport((before) => before && next(before));
      };
      setReport({ action, total: missions.length, changed: 0, refused: [] });
      const waiting = [...missions];
      const work = async () => {
        for (let mission = waiting.shift(); mission; mission = waiting.shift()) {
          try {
            if (action === 'purge') {
              await purgeMission(mission.id);
              live.forget(mission.id);
            } else live.learn(await (action === 'retry' ? retryMission : cancelMission)(mission.id));
            update((before) => ({ ...before, changed: before.changed + 1 }));
          } catch (error) {
            const refusal = { mission, reason: reasonOf(error) };
            update((before) => ({ ...before, refused: [...before.refused, refusal] }));
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
    [live],
  );
  const dismiss = useCallback(() => setReport(undefined), []);
  return { report, change, dismiss };
}

const reasonOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : 'The request failed in this page. Try again.';
