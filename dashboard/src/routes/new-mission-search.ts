import { z } from 'zod';

// The id of a mission whose order the form begins with.
export const newMissionSearch = z.object({
  clone: z
    .string()
    .regex(/^[0-9a-f-]{36}$/)
    .optional()
    .catch(undefined),
});
