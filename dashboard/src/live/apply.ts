// What an event does to what is cached. Pure functions: the same events in any
// order give the same rows, because a lower version never replaces a higher one.

import {
  isFinal,
  type Mission,
  type MissionDetail,
  type MissionFilter,
  type MissionPages,
} from '@/services/missions';

export function matches(mission: Mission, filter: MissionFilter): boolean {
  return (
    (!filter.status || filter.status === mission.status) &&
    (!filter.kind || filter.kind === mission.kind) &&
    (!filter.squad || filter.squad === mission.squad) &&
    (!filter.label || hasLabel(mission, filter.label)) &&
    (!filter.q || isFound(mission, filter.q))
  );
}

function hasLabel(mission: Mission, label: string): boolean {
  const colon = label.indexOf(':');
  return mission.labels[label.slice(0, colon)] === label.slice(colon + 1);
}

/** As the commander searches: the whole id, or the beginning of the name, a to z in either case. */
function isFound(mission: Mission, q: string): boolean {
  const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return mission.id === q || fold(mission.name).startsWith(fold(q));
}

/**
 * Applies changes to a loaded list, newest mission first. Rows that no longer match
 * leave, rows that match now come in at their place. A mission older than the oldest
 * loaded row belongs to a page that was not asked for and stays out.
 */
export function applyToList(
  pages: MissionPages,
  filter: MissionFilter,
  changes: ReadonlyMap<string, Mission>,
): MissionPages {
  const waiting = new Map(changes);
  let changed = false;
  const next = pages.pages.map((page) => {
    const rows: Mission[] = [];
    let touched = false;
    for (const row of page.missions) {
      const change = waiting.get(row.id);
      waiting.delete(row.id);
      if (!change || change.version <= row.version) {
        rows.push(row);
        continue;
      }
      touched = true;
      if (matches(change, filter)) rows.push(change);
    }
    if (!touched) return page;
    changed = true;
    return { ...page, missions: rows };
  });

  const hasOlder = next.at(-1)?.nextCursor !== undefined;
  const loaded = pages.pages.flatMap((page) => page.missions);
  const oldest = loaded.at(-1)?.id;
  // The same at the other end, where the newest pages were let go.
  const newest = pages.pageParams[0]?.before ? (loaded[0]?.id ?? '') : undefined;
  for (const mission of waiting.values()) {
    if (!matches(mission, filter)) continue;
    if (hasOlder && oldest !== undefined && mission.id < oldest) continue;
    if (newest !== undefined && mission.id > newest) continue;
    const at = Math.max(
      next.findIndex((page) => page.missions.some((row) => row.id < mission.id)),
      0,
    );
    const page = next[at];
    if (!page) continue;
    const place = page.missions.findIndex((row) => row.id < mission.id);
    const rows = [...page.missions];
    if (place >= 0) {
      rows.splice(place, 0, mission);
      next[at] = { ...page, missions: rows };
    } else {
      // Older than every loaded row, and nothing older waits on the server: it goes last.
      const last = next.length - 1;
      next[last] = { ...(next[last] as typeof page), missions: [...(next[last]?.missions ?? []), mission] };
    }
    changed = true;
  }
  return changed ? { ...pages, pages: next } : pages;
}

/**
 * Applies a change to a loaded mission. Events carry no payload and no result: the
 * payload never changes and is kept, a result comes with a final status and is then
 * worth one fetch (see needsFetch).
 */
export function applyToDetail(detail: MissionDetail, change: Mission): MissionDetail {
  if (change.version <= detail.mission.version) return detail;
  return {
    degraded: false,
    mission: { ...change, payload: change.payload ?? detail.mission.payload },
  };
}

/** Whether a change brought something that only the whole mission shows. */
export function needsFetch(change: Mission): boolean {
  return isFinal(change.status) && change.result === undefined;
}
