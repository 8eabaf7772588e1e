// The rules of the form, and how it becomes a schedule. The commander has the last word.

import { z } from 'zod';
import { NAME_PATTERN } from '@/services/missions';
import { payloadFault } from '@/services/payload';
import type { NewSchedule, Schedule } from '@/services/schedules';

export const UNITS = { s: 1, min: 60, h: 3_600, d: 86_400 } as const;
export type Unit = keyof typeof UNITS;
const LONGEST = 31_536_000;

const jsonObject = z.string().superRefine((text, ctx) => {
  const message = payloadFault(text);
  if (message) ctx.addIssue({ code: 'custom', message });
});

export const scheduleForm = z
  .object({
    name: z.string().trim().regex(NAME_PATTERN, 'Lower-case letters, digits and . _ - only, at most 64'),
    by: z.enum(['cron', 'every']),
    cron: z.string().trim(),
    timeZone: z.string(),
    every: z.string().trim(),
    unit: z.enum(['s', 'min', 'h', 'd']),
    missed: z.enum(['skip', 'last', 'all']),
    overlap: z.enum(['allow', 'skip']),
    missionName: z.string().trim().min(1, 'Give the mission a name').max(200, 'At most 200 characters'),
    kind: z.string().trim().regex(NAME_PATTERN, 'Lower-case letters, digits and . _ - only, at most 64'),
    payload: jsonObject,
    rest: jsonObject,
  })
  .superRefine((form, ctx) => {
    if (form.by === 'cron' && !/^@\w+$|^\S+(\s+\S+){4,5}$/.test(form.cron)) {
      ctx.addIssue({
        code: 'custom',
        path: ['cron'],
        message: 'Five fields, or six with the second; or a name such as @daily',
      });
    }
    if (form.by === 'every') {
      const seconds = Number(form.every) * UNITS[form.unit];
      if (!/^\d+$/.test(form.every) || seconds < 1 || seconds > LONGEST) {
        ctx.addIssue({ code: 'custom', path: ['every'], message: 'A whole number, 365 days at most' });
      }
    }
  });

export type ScheduleForm = z.infer<typeof scheduleForm>;

export const NEW: ScheduleForm = {
  name: '',
  by: 'cron',
  cron: '',
  timeZone: 'UTC',
  every: '',
  unit: 'min',
  missed: 'last',
  overlap: 'allow',
  missionName: '',
  kind: 'simulate',
  payload: '{}',
  rest: '{}',
};

/** A schedule as the form shows it: nothing of its mission is lost. */
export function toForm(schedule: Schedule): ScheduleForm {
  const { name, kind = 'simulate', payload = {}, ...rest } = schedule.mission;
  const seconds = schedule.everySeconds ?? 0;
  const unit = (['d', 'h', 'min', 's'] as const).find((u) => seconds % UNITS[u] === 0) ?? 's';
  return {
    name: schedule.name,
    by: schedule.everySeconds === undefined ? 'cron' : 'every',
    cron: schedule.cron ?? '',
    timeZone: schedule.timeZone ?? 'UTC',
    every: seconds === 0 ? '' : String(seconds / UNITS[unit]),
    unit: seconds === 0 ? 'min' : unit,
    missed: schedule.missed,
    overlap: schedule.overlap,
    missionName: name,
    kind,
    payload: JSON.stringify(payload, null, 2),
    rest: JSON.stringify(rest, null, 2),
  };
}

export function toSchedule(form: ScheduleForm): NewSchedule {
  return {
    ...(form.by === 'cron'
      ? { cron: form.cron, timeZone: form.timeZone }
      : { everySeconds: Number(form.every) * UNITS[form.unit] }),
    missed: form.missed,
    overlap: form.overlap,
    mission: {
      ...(JSON.parse(form.rest) as Record<string, unknown>),
      name: form.missionName,
      kind: form.kind,
      payload: JSON.parse(form.payload),
    },
  };
}

/** The field of the form that a field of the commander's refusal is about. */
export function fieldOf(field: string): keyof ScheduleForm | undefined {
  if (field === 'cron') return 'cron';
  if (field === 'time_zone') return 'timeZone';
  if (field === 'every_seconds') return 'every';
  if (field === 'name') return 'name';
  if (field === 'mission.name') return 'missionName';
  if (field === 'mission.kind') return 'kind';
  if (field.startsWith('mission.payload')) return 'payload';
  if (field.startsWith('mission')) return 'rest';
  return undefined;
}

/** UTC first, then the reader's own, then all that the browser knows. */
export function timeZones(also?: string): string[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [...new Set(['UTC', own, ...(also ? [also] : []), ...Intl.supportedValuesOf('timeZone')])];
}
