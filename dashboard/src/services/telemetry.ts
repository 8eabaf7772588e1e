// What a mission's handler has to say while it runs: progress, and log lines for people. Lines are fetched once; the
// stream brings those behind, and the progress, while somebody watches the mission (LiveCache.watch).

import { z } from 'zod';
import { call, wireTime } from './api';

const lineSchema = z.object({
  number: z.number().int(),
  attempt: z.number().int(),
  run: z.number().int(),
  at: wireTime,
  level: z.enum(['debug', 'info', 'warn', 'error']).catch('info'),
  text: z.string(),
  cut: z.boolean().default(false),
});

/** One line. Where numbers are missing, lines were lost. */
export type LogLine = z.output<typeof lineSchema>;

export interface Telemetry {
  missionId: string;
  /** Whose progress it is; 0 where none was reported. */
  run: number;
  progress: number;
  progressText?: string;
  /** By number, at most KEPT_LINES. */
  lines: LogLine[];
  /** So many lines were said and are not kept by the commander. */
  dropped: number;
}

/** As many as the commander keeps, and what comes while the page is open. */
export const KEPT_LINES = 1_000;

/** The stream's event. Its lines are those that the stream has not told yet. */
export const telemetrySchema = z
  .object({
    mission_id: z.string(),
    run: z.number().int(),
    progress: z.number(),
    progress_text: z.string().optional(),
    lines: z.array(lineSchema).nullable(),
    dropped: z.number().int(),
  })
  .transform(
    (w): Telemetry => ({
      missionId: w.mission_id,
      run: w.run,
      progress: w.progress,
      progressText: w.progress_text || undefined,
      lines: w.lines ?? [],
      dropped: w.dropped,
    }),
  );

export const logsSchema = z.object({
  lines: z
    .array(lineSchema)
    .nullable()
    .transform((lines) => lines ?? []),
  dropped: z.number().int(),
});

export const telemetryKey = (missionId: string) => ['telemetry', missionId] as const;

export function fetchLogs(missionId: string, signal?: AbortSignal) {
  return call({ path: `/missions/${encodeURIComponent(missionId)}/logs`, schema: logsSchema, signal });
}

/** Both pictures in one, in whatever order they came: lines by number, each once, and the later run's progress. */
export function mergeTelemetry(known: Telemetry | undefined, more: Telemetry): Telemetry {
  if (!known) return more;
  const newer = isNewer(known, more) ? more : known;
  return {
    missionId: known.missionId,
    run: newer.run,
    progress: newer.progress,
    progressText: newer.progressText,
    lines: mergeLines(known.lines, more.lines),
    dropped: Math.max(known.dropped, more.dropped),
  };
}

const isNewer = (known: Telemetry, more: Telemetry) =>
  more.run > known.run || (more.run === known.run && more.progress >= known.progress);

function mergeLines(known: LogLine[], more: LogLine[]): LogLine[] {
  if (more.length === 0) return known;
  const last = known.at(-1)?.number ?? 0;
  if (more.every((line) => line.number > last)) return [...known, ...more].slice(-KEPT_LINES);
  const byNumber = new Map([...known, ...more].map((line) => [line.number, line]));
  return [...byNumber.values()].sort((a, b) => a.number - b.number).slice(-KEPT_LINES);
}
