// What stands in the address of the squads.

import { z } from 'zod';

/** What they can be sorted by, besides their names. */
export const SQUAD_SORTS = ['queued', 'running', 'scheduled'] as const;
export type SquadSort = (typeof SQUAD_SORTS)[number];

export const squadsSearch = z.object({
  sort: z.enum(SQUAD_SORTS).optional().catch(undefined),
});
