// Schedules: what orders missions at their times. The list is pushed by the stream; fetched only while it is away.

import { z } from 'zod';
import { call, wireTime } from './api';
import { missionSchema } from './missions';

const missionWire = z.looseObject({ name: z.string(), kind: z.string().optional() });

const scheduleWire = z.object({
  name: z.string(),
  cron: z.string().optional(),
  every_seconds: z.number().optional(),
  time_zone: z.string().optional(),
  mission: missionWire,
  missed: z.enum(['skip', 'last', 'all']),
  overlap: z.enum(['allow', 'skip']),
  paused: z.boolean(),
  created_at: wireTime,
  updated_at: wireTime,
  next_at: wireTime.optional(),
  last_at: wireTime.optional(),
  last_mission_id: z.string().optional(),
  runs: z
    .array(
      z.object({
        at: wireTime,
        until: wireTime.optional(),
        mission_id: z.string().optional(),
        skipped: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .optional(),
  next_times: z.array(wireTime).optional(),
  degraded: z.boolean().default(false),
  as_of: wireTime.nullish(),
});

export interface ScheduleRun {
  at: number;
  /** Of several that were skipped, when the last was due. */
  until?: number;
  missionId?: string;
  /** Why no mission was ordered; undefined where one was. */
  skipped?: string;
  detail?: string;
}

export interface Schedule {
  name: string;
  cron?: string;
  everySeconds?: number;
  timeZone?: string;
  /** What it orders, as POST /missions takes it. */
  mission: Record<string, unknown> & { name: string; kind?: string };
  missed: 'skip' | 'last' | 'all';
  overlap: 'allow' | 'skip';
  paused: boolean;
  createdAt: number;
  updatedAt: number;
  nextAt?: number;
  lastAt?: number;
  lastMissionId?: string;
  /** The latest, newest first; undefined in lists. */
  runs?: ScheduleRun[];
  /** The next ones; undefined in lists. */
  nextTimes?: number[];
  /** It was read from memory, as of then. */
  degraded: boolean;
  asOf?: number;
}

const toSchedule = (w: z.output<typeof scheduleWire>): Schedule => ({
  name: w.name,
  cron: w.cron,
  everySeconds: w.every_seconds,
  timeZone: w.time_zone,
  mission: w.mission,
  missed: w.missed,
  overlap: w.overlap,
  paused: w.paused,
  createdAt: w.created_at,
  updatedAt: w.updated_at,
  nextAt: w.next_at,
  lastAt: w.last_at,
  lastMissionId: w.last_mission_id,
  runs: w.runs?.map((r) => ({
    at: r.at,
    until: r.until,
    missionId: r.mission_id,
    skipped: r.skipped,
    detail: r.detail,
  })),
  nextTimes: w.next_times,
  degraded: w.degraded,
  asOf: w.as_of ?? undefined,
});

export const scheduleSchema = scheduleWire.transform(toSchedule);

export interface Schedules {
  schedules: Schedule[];
  degraded: boolean;
  asOf?: number;
}

export const schedulesSchema = z
  .object({
    schedules: z.array(scheduleWire).nullable(),
    degraded: z.boolean().default(false),
    as_of: wireTime.nullish(),
  })
  .transform(
    (w): Schedules => ({
      schedules: (w.schedules ?? []).map(toSchedule),
      degraded: w.degraded,
      asOf: w.as_of ?? undefined,
    }),
  );

export const scheduleKeys = {
  list: ['schedules'] as const,
  of: (name: string) => ['schedule', name] as const,
  /** As of a mark that is another one after each change. */
  at: (name: string, mark: string) => ['schedule', name, mark] as const,
};

export function fetchSchedules(signal?: AbortSignal) {
  return call({ path: '/schedules', schema: schedulesSchema, signal });
}

const at = (name: string, rest = '') => `/schedules/${encodeURIComponent(name)}${rest}`;

/** With its runs and next times, which lists leave out. */
export function fetchSchedule(name: string, signal?: AbortSignal) {
  return call({ path: at(name), schema: scheduleSchema, signal });
}

/** What a schedule is to be. Without `paused`: one that is there stays as it is. */
export interface NewSchedule {
  cron?: string;
  everySeconds?: number;
  timeZone?: string;
  mission: Schedule['mission'];
  missed: Schedule['missed'];
  overlap: Schedule['overlap'];
}

/** Makes it, or replaces it. */
export function putSchedule(name: string, schedule: NewSchedule) {
  return call({
    path: at(name),
    method: 'PUT',
    body: {
      cron: schedule.cron,
      every_seconds: schedule.everySeconds,
      time_zone: schedule.timeZone,
      mission: schedule.mission,
      missed: schedule.missed,
      overlap: schedule.overlap,
    },
    schema: scheduleSchema,
  });
}

export function pauseSchedule(name: string) {
  return call({ path: at(name, '/pause'), method: 'POST', body: {}, schema: scheduleSchema });
}

export function resumeSchedule(name: string) {
  return call({ path: at(name, '/resume'), method: 'POST', body: {}, schema: scheduleSchema });
}

/** Orders its mission now, also while it is paused. */
export function runSchedule(name: string) {
  return call({ path: at(name, '/run'), method: 'POST', body: {}, schema: missionSchema });
}

/** The missions that it ordered stay. */
export function deleteSchedule(name: string) {
  return call({ path: at(name), method: 'DELETE', body: {}, schema: z.object({ name: z.string() }) });
}
