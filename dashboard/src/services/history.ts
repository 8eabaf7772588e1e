// A mission's history: every change that was made or refused, oldest first.

import { z } from 'zod';
import { call, wireTime } from './api';

const lineWire = z.object({
  made_at: wireTime.nullish(),
  recorded_at: wireTime,
  status: z.string().default(''),
  attempt: z.number().int().default(0),
  run: z.number().int().default(0),
  soldier_id: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  refused: z.boolean().default(false),
});

export interface HistoryLine {
  /** When the change happened, by its maker's word. */
  madeAt: number;
  /** When the commander wrote it down. */
  recordedAt: number;
  status: string;
  attempt: number;
  run: number;
  soldierId?: string;
  code?: string;
  message?: string;
  /** The update was not applied; code and message say why. */
  refused: boolean;
}

export interface History {
  lines: HistoryLine[];
  /** How many older lines were given up to keep the history short. */
  dropped: number;
}

export const historySchema = z
  .object({ history: z.array(lineWire).nullable(), dropped: z.number().int().default(0) })
  .transform(
    (w): History => ({
      dropped: w.dropped,
      lines: (w.history ?? []).map((line) => ({
        madeAt: line.made_at ?? line.recorded_at,
        recordedAt: line.recorded_at,
        status: line.status,
        attempt: line.attempt,
        run: line.run,
        soldierId: line.soldier_id || undefined,
        code: line.code || undefined,
        message: line.message || undefined,
        refused: line.refused,
      })),
    }),
  );

export const historyKeys = {
  /** The version is part of the key: a new version of the mission is a new history, fetched once. */
  at: (missionId: string, version: number) => ['history', missionId, version] as const,
};

export function fetchHistory(missionId: string, signal?: AbortSignal) {
  return call({ path: `/missions/${encodeURIComponent(missionId)}/history`, schema: historySchema, signal });
}
