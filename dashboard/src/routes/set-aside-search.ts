// What stands in the address of what was set aside.

import { z } from 'zod';
import { SET_ASIDE_QUEUES } from '@/services/set-aside';

export const setAsideSearch = z.object({
  queue: z.enum(SET_ASIDE_QUEUES).optional().catch(undefined),
  reason: z.string().min(1).max(255).optional().catch(undefined),
});
