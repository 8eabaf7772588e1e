// What stands in the address of the fleet.

import { z } from 'zod';
import { type FleetView, SORTS } from '@/components/fleet/order';

export const fleetSearch = z.object({
  q: z.coerce.string().trim().min(1).max(64).optional().catch(undefined),
  squad: z.coerce.string().min(1).max(64).optional().catch(undefined),
  live: z.literal(true).optional().catch(undefined),
  sort: z.enum(SORTS).optional().catch(undefined),
  down: z.literal(true).optional().catch(undefined),
}) satisfies z.ZodType<FleetView>;
