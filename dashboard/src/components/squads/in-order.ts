import type { SquadSort } from '@/routes/squads-search';
import type { Squad } from '@/services/squads';

/** The names of squads by how many missions they have in a status, most first, or by themselves. Those that are not counted come last. */
export function inOrder(squads: readonly Squad[], by: SquadSort | undefined): string[] {
  const many = (squad: Squad) => (by ? (squad.missions?.[by] ?? -1) : 0);
  return squads
    .toSorted((a, b) => many(b) - many(a) || a.name.localeCompare(b.name, 'en'))
    .map((squad) => squad.name);
}
