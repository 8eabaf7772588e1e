// What stands in the address of the missions' list.

import { z } from 'zod';
import { NAME_PATTERN, STATUSES } from '@/services/missions';

const filterName = z.coerce.string().regex(NAME_PATTERN).optional().catch(undefined);

// A hand-made address with nonsense in it shows the unfiltered list, and the address says so.
export const missionsSearch = z.object({
  status: z.enum(STATUSES).optional().catch(undefined),
  kind: filterName,
  squad: filterName,
  label: z
    .string()
    .regex(/^[^:]+:/)
    .max(321)
    .optional()
    .catch(undefined),
  q: z.coerce.string().trim().min(1).max(200).optional().catch(undefined),
});
