// What stands in the address of the fleet.

import { z } from 'zod';

export const SORTS = ['name', 'state', 'slots', 'version', 'uptime', 'seen'] as const;
export type Sort = (typeof SORTS)[number];

export const fleetSearch = z.object({
  /** Part of a soldier's name. */
  q: z.coerce.string().trim().min(1).max(64).optional().catch(undefined),
  squad: z.coerce.string().min(1).max(64).optional().catch(undefined),
  /** Without those that are dead. */
  live: z.literal(true).optional().catch(undefined),
  sort: z.enum(SORTS).optional().catch(undefined),
  /** The other way round. */
  down: z.literal(true).optional().catch(undefined),
});

export type FleetSearch = z.output<typeof fleetSearch>;
