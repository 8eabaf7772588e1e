// What stands in the addresses of schedules. The forms are no paths of their own: any name may be a schedule's.

import { z } from 'zod';

export const schedulesSearch = z.object({ new: z.literal(true).optional().catch(undefined) });
export const scheduleSearch = z.object({ edit: z.literal(true).optional().catch(undefined) });
