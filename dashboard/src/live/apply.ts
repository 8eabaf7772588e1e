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
 * leave, rows that match now come in at their place.
 */
export function applyToList(
  pages: MissionPages,
  filter: MissionFilter,
  changes: ReadonlyMap<string, Mission>,
): MissionPages {
  // Who is new is seen before rows go: the last one tells how far the list reaches.
  const fresh = newcomers(pages, filter, changes);
  return insertRows(updateRows(pages, filter, changes, 'go'), fresh);
}

/** Replaces rows by their newer versions. Those that no longer match go, or stay where they are. */
export function updateRows(
  pages: MissionPages,
  filter: MissionFilter,
  changes: ReadonlyMap<string, Mission>,
  leavers: 'go' | 'stay',
): MissionPages {
  let changed = false;
  const next = pages.pages.map((page) => {
    let touched = false;
    const rows: Mission[] = [];
    for (const row of page.missions) {
      const change = changes.get(row.id);
      const isNewer = change !== undefined && change.version > row.version;
      const now = isNewer ? change : row;
      const goes = leavers === 'go' && isNewer && !matches(now, filter);
      if (!goes) rows.push(now);
      touched ||= isNewer;
    }
    if (!touched) return page;
    changed = true;
    return { ...page, missions: rows };
  });
  return changed ? { ...pages, pages: next } : pages;
}

/** Lets go the rows that stayed though they no longer match. */
export function dropLeavers(pages: MissionPages, filter: MissionFilter): MissionPages {
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      missions: page.missions.filter((row) => matches(row, filter)),
    })),
  };
}

/**
 * Which changes are rows that the list lacks. A mission older than the oldest loaded row, or newer
 * than the newest where the newest pages were let go, belongs to a page that is not there, and is none.
 */
export function newcomers(
  pages: MissionPages,
  filter: MissionFilter,
  changes: ReadonlyMap<string, Mission>,
): Mission[] {
  const matching = [...changes.values()].filter((mission) => matches(mission, filter));
  if (matching.length === 0) return matching;
  const loaded = new Set<string>();
  let [oldest, newest] = ['', ''];
  for (const page of pages.pages) {
    for (const { id } of page.missions) {
      loaded.add(id);
      newest ||= id;
      oldest = id;
    }
  }
  const hasOlder = pages.pages.at(-1)?.nextCursor !== undefined;
  const hasNewer = pages.pageParams[0]?.before !== undefined;
  return matching.filter(
    ({ id }) => !loaded.has(id) && !(hasOlder && id < oldest) && !(hasNewer && id > newest),
  );
}

/** Puts rows that the list lacks at their places, in one pass. */
export function insertRows(pages: MissionPages, missions: readonly Mission[]): MissionPages {
  if (missions.length === 0) return pages;
  const incoming = [...missions].sort((a, b) => (a.id < b.id ? 1 : -1));
  let at = 0;
  const next = pages.pages.map((page, index) => {
    const before = at;
    const rows: Mission[] = [];
    for (const row of page.missions) {
      for (let m = incoming[at]; m && m.id > row.id; m = incoming[++at]) rows.push(m);
      rows.push(row);
    }
    // Older than every loaded row: nothing older waits on the server, or it would not be given.
    if (index === pages.pages.length - 1) while (at < incoming.length) rows.push(incoming[at++] as Mission);
    return at === before ? page : { ...page, missions: rows };
  });
  return { ...pages, pages: next };
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
