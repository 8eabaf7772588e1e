// What the stream brings whole, with each connection and whenever it changed, and where it belongs in the cache.

import type { QueryKey } from '@tanstack/react-query';
import type { z } from 'zod';
import { attentionKey, attentionSchema } from '@/services/attention';
import { bulkJobsSchema, bulkKey } from '@/services/bulk';
import { healthKey, healthSchema } from '@/services/health';
import { scheduleKeys, schedulesSchema } from '@/services/schedules';
import { soldiersKey, soldiersSchema } from '@/services/soldiers';
import { squadsKey, squadsSchema } from '@/services/squads';
import { statsKey, statsSchema } from '@/services/stats';

export const PICTURES: Readonly<Record<string, { key: QueryKey; schema: z.ZodType }>> = {
  stats: { key: statsKey, schema: statsSchema },
  soldiers: { key: soldiersKey, schema: soldiersSchema },
  health: { key: healthKey, schema: healthSchema },
  attention: { key: attentionKey, schema: attentionSchema },
  squads: { key: squadsKey, schema: squadsSchema },
  schedules: { key: scheduleKeys.list, schema: schedulesSchema },
  bulk: { key: bulkKey, schema: bulkJobsSchema },
};

/** What is asked for: the pictures, and the step of the trends that has just ended. */
export const TOPICS: readonly string[] = [...Object.keys(PICTURES), 'trend'];
