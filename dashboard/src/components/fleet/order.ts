// Which soldiers are shown, and in which order.

import type { Soldier } from '@/services/soldiers';

export const SORTS = ['name', 'state', 'slots', 'version', 'uptime', 'seen'] as const;
export type Sort = (typeof SORTS)[number];

/** What the reader chose; all of it stands in the address. */
export interface FleetView {
  /** Part of a soldier's name. */
  q?: string;
  squad?: string;
  /** Without those that are dead. */
  live?: true;
  sort?: Sort;
  /** The other way round. */
  down?: true;
}

export function select(soldiers: readonly Soldier[], search: FleetView): Soldier[] {
  const q = search.q?.toLowerCase();
  const sign = search.down ? -1 : 1;
  const by = COMPARE[search.sort ?? 'state'];
  return soldiers
    .filter(
      (s) =>
        (!q || s.id.toLowerCase().includes(q)) &&
        (!search.squad || s.squads.includes(search.squad)) &&
        (!search.live || s.live),
    )
    .sort((a, b) => sign * by(a, b) || byName(a, b));
}

const byName = (a: Soldier, b: Soldier) =>
  a.id.localeCompare(b.id, undefined, { numeric: true }) || a.session.localeCompare(b.session);

/** Working ones first, dead ones last. */
const rank = (s: Soldier) => (s.live ? (s.draining ? 1 : 0) : 2);

const COMPARE: Record<Sort, (a: Soldier, b: Soldier) => number> = {
  name: byName,
  state: (a, b) => rank(a) - rank(b),
  slots: (a, b) => b.running.length - a.running.length,
  version: (a, b) => a.version.localeCompare(b.version, undefined, { numeric: true }),
  uptime: (a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0),
  seen: (a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
};

/** The versions of the live ones, the most common first. */
export function versions(soldiers: readonly Soldier[]): [version: string, soldiers: number][] {
  const count = new Map<string, number>();
  for (const s of soldiers) if (s.live && s.version) count.set(s.version, (count.get(s.version) ?? 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}
