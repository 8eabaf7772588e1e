// The schemas of this app accept all that openapi.yaml allows the commander to send.
// The compiler checks that; the test only gives it a place.

import { expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { attentionSchema } from './attention';
import type { BULK_ACTIONS, bulkJobSchema, bulkJobsSchema, bulkPreviewSchema } from './bulk';
import type { healthSchema } from './health';
import type { historySchema } from './history';
import type { limitSchema, limitsSchema } from './limits';
import type { detailSchema, missionSchema, PRIORITIES, pageSchema, STATUSES } from './missions';
import type { components } from './openapi.gen';
import type { scheduleSchema, schedulesSchema } from './schedules';
import type { setAsideDoneSchema, setAsideSchema } from './set-aside';
import type { soldierSchema, soldiersSchema } from './soldiers';
import type { squadSchema, squadsSchema } from './squads';
import type { statsSchema } from './stats';
import type { logsSchema, telemetrySchema } from './telemetry';
import type { failuresSchema, trendSchema, trendsSchema } from './trends';

type Wire = components['schemas'];

it('accepts every answer of the contract', () => {
  expectTypeOf<Wire['Mission']>().toExtend<z.input<typeof missionSchema>>();
  expectTypeOf<Wire['Mission']>().toExtend<z.input<typeof detailSchema>>();
  expectTypeOf<Wire['MissionList']>().toExtend<z.input<typeof pageSchema>>();
  expectTypeOf<Wire['KeyLimit']>().toExtend<z.input<typeof limitSchema>>();
  expectTypeOf<Wire['History']>().toExtend<z.input<typeof historySchema>>();
  expectTypeOf<Wire['Stats']>().toExtend<z.input<typeof statsSchema>>();
  expectTypeOf<Wire['Soldiers']>().toExtend<z.input<typeof soldiersSchema>>();
  expectTypeOf<Wire['Health']>().toExtend<z.input<typeof healthSchema>>();
  expectTypeOf<Wire['Attention']>().toExtend<z.input<typeof attentionSchema>>();
  expectTypeOf<Wire['StatsHistory']>().toExtend<z.input<typeof trendsSchema>>();
  expectTypeOf<Wire['Trend']>().toExtend<z.input<typeof trendSchema>>();
  expectTypeOf<Wire['FailureList']>().toExtend<z.input<typeof failuresSchema>>();
  expectTypeOf<Wire['Telemetry']>().toExtend<z.input<typeof telemetrySchema>>();
  expectTypeOf<Wire['MissionLog']>().toExtend<z.input<typeof logsSchema>>();
  expectTypeOf<Wire['Squad']>().toExtend<z.input<typeof squadSchema>>();
  expectTypeOf<Wire['Squads']>().toExtend<z.input<typeof squadsSchema>>();
  expectTypeOf<Wire['Schedule']>().toExtend<z.input<typeof scheduleSchema>>();
  expectTypeOf<Wire['Schedules']>().toExtend<z.input<typeof schedulesSchema>>();
  expectTypeOf<Wire['Soldier']>().toExtend<z.input<typeof soldierSchema>>();
  expectTypeOf<Wire['LimitList']>().toExtend<z.input<typeof limitsSchema>>();
  expectTypeOf<Wire['SetAsideList']>().toExtend<z.input<typeof setAsideSchema>>();
  expectTypeOf<Wire['SetAsideDone']>().toExtend<z.input<typeof setAsideDoneSchema>>();
  expectTypeOf<Wire['BulkJob']>().toExtend<z.input<typeof bulkJobSchema>>();
  expectTypeOf<Wire['BulkJobs']>().toExtend<z.input<typeof bulkJobsSchema>>();
  expectTypeOf<Wire['BulkPreview']>().toExtend<z.input<typeof bulkPreviewSchema>>();
  expectTypeOf<Wire['BulkAction']>().toEqualTypeOf<(typeof BULK_ACTIONS)[number]>();
});

it('knows every status and priority', () => {
  expectTypeOf<Wire['Status']>().toEqualTypeOf<(typeof STATUSES)[number]>();
  expectTypeOf<Wire['Mission']['priority']>().toEqualTypeOf<(typeof PRIORITIES)[number]>();
});
