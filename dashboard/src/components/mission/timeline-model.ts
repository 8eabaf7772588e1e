// From a mission's history to a picture of it: one row a run, with the waits before it. Pure, so that every shape of
// history can be tried.

import { DAY, ROUND_LENGTHS } from '@/components/format';
import type { History, HistoryLine } from '@/services/history';
import { isFinal, type Mission } from '@/services/missions';

/** Lines were dropped behind so many of the first ones (GET /missions/{id}/history). */
const FIRST_KEPT = 20;

/** `start`: for its time to come; `retry`: for its next attempt; `queue`: for a soldier; `lost`: the lines are not kept. */
export type SegmentKind = 'start' | 'retry' | 'queue' | 'run' | 'lost';

export interface Segment {
  kind: SegmentKind;
  from: number;
  to: number;
  /** Still growing. */
  open?: true;
}

export interface Outcome {
  /** Gives icon and colour. */
  status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'NOTE';
  word: string;
  message?: string;
}

export interface Row {
  /** 0 until a soldier took it. */
  run: number;
  attempt: number;
  soldierId?: string;
  segments: Segment[];
  outcome?: Outcome;
}

export interface Mark {
  at: number;
  kind: 'cancel' | 'retry' | 'refused' | 'note';
  text: string;
}

export interface Picture {
  from: number;
  to: number;
  /** Where now is, while the mission has not ended. */
  now?: number;
  rows: Row[];
  marks: Mark[];
}

const OUTCOMES: Record<string, Outcome> = {
  completed: { status: 'COMPLETED', word: 'Completed' },
  failed: { status: 'FAILED', word: 'Failed' },
  retry: { status: 'FAILED', word: 'Failed, retried' },
  released: { status: 'NOTE', word: 'Handed back' },
  lost: { status: 'FAILED', word: 'Soldier lost' },
  soldier_lost: { status: 'FAILED', word: 'Soldier lost once too often' },
  cancel: { status: 'CANCELLED', word: 'Cancelled' },
  deadline: { status: 'FAILED', word: 'Deadline passed' },
  undeliverable: { status: 'FAILED', word: 'Undeliverable' },
};

export function toPicture(history: History, mission: Mission, now: number): Picture {
  const rows: Row[] = [];
  const marks: Mark[] = [];
  let row: Row | undefined;
  let status = '';
  let code: string | undefined;
  let since = Math.min(mission.createdAt, history.lines[0]?.madeAt ?? mission.createdAt);
  const from = since;

  const close = (to: number, kind = segmentKind(status, code)) => {
    if (row && kind) row.segments.push({ kind, from: since, to });
  };
  const begin = (line: HistoryLine) => {
    row = { run: 0, attempt: line.attempt, segments: [] };
    rows.push(row);
  };

  history.lines.forEach((line, i) => {
    if (line.refused) {
      marks.push({ at: line.madeAt, kind: 'refused', text: refusedText(line) });
      return;
    }
    const at = Math.max(line.madeAt, since); // clocks differ
    if (history.dropped > 0 && i === FIRST_KEPT) {
      close(at, 'lost');
      row = undefined;
      status = '';
    }
    if (line.status === status) {
      marks.push({
        at,
        kind: line.message === 'cancel requested' ? 'cancel' : 'note',
        text: line.message ?? line.code ?? '',
      });
      return;
    }
    if (line.code === 'operator_retry')
      marks.push({ at, kind: 'retry', text: line.message ?? 'sent out again' });
    close(at);
    const ended = status === 'IN_PROGRESS' || isEnd(line.status);
    if (ended && row) {
      row.outcome = outcomeOf(line);
      row = undefined;
    }
    if (!isEnd(line.status) && !row) begin(line);
    if (line.status === 'IN_PROGRESS' && row) {
      row.run = line.run;
      row.soldierId = line.soldierId;
    }
    if (row) row.attempt = line.attempt;
    status = line.status;
    code = line.code;
    since = at;
  });

  const unended = !isFinal(mission.status) && row !== undefined && !isEnd(status);
  let to = since;
  if (unended) {
    to = Math.max(now, since);
    if (mission.status === 'SCHEDULED') to = Math.max(to, mission.runAt ?? to);
    const kind = segmentKind(status, code);
    if (kind) row?.segments.push({ kind, from: since, to, open: true });
  }
  to = Math.max(to, ...marks.map((mark) => mark.at), from + 1);
  return { from, to, now: unended ? Math.max(now, since) : undefined, rows, marks };
}

const isEnd = (status: string) => status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';

function segmentKind(status: string, code: string | undefined): SegmentKind | undefined {
  if (status === 'SCHEDULED') return code === 'retry' ? 'retry' : 'start';
  if (status === 'QUEUED') return 'queue';
  if (status === 'IN_PROGRESS') return 'run';
  return undefined;
}

function outcomeOf(line: HistoryLine): Outcome {
  const known = OUTCOMES[line.code ?? ''] ?? { status: 'NOTE', word: line.code ?? line.status };
  return { ...known, message: line.message };
}

const refusedText = (line: HistoryLine) =>
  `Refused${line.status ? ` ${line.status}` : ''}: ${line.message ?? line.code ?? 'no reason given'}`;

/** How long a row's segments of some kinds took until now, or undefined where there is none. */
export function took(row: Row, now: number | undefined, ...kinds: SegmentKind[]): number | undefined {
  const segments = row.segments.filter((segment) => kinds.includes(segment.kind));
  if (segments.length === 0) return undefined;
  return segments.reduce((sum, { from, to }) => sum + Math.min(to, now ?? to) - from, 0);
}

/** Round lengths of time from 0 to `span`, `most` of them at most beside the 0. */
export function ticks(span: number, most: number): number[] {
  const step = ROUND_LENGTHS.find((length) => span / length <= most) ?? 200 * DAY;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step);
}
