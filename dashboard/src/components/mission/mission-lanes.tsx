import { Button } from '@mantine/core';
import { Ban, CircleCheck, CircleDot, CircleX, RotateCw, ShieldX, Undo2 } from 'lucide-react';
import { useState } from 'react';
import {
  formatBoth,
  formatClock,
  formatDay,
  formatDuration,
  formatElapsed,
  formatMinute,
  formatSecond,
} from '@/components/format';
import { useNow } from '@/hooks/use-now';
import { useZone, type Zone } from '@/hooks/use-zone';
import type { History } from '@/services/history';
import { isFinal, type Mission } from '@/services/missions';
import css from './mission-lanes.module.css';
import {
  type Mark,
  type Outcome,
  type Picture,
  type Row,
  type SegmentKind,
  ticks,
  took,
  toPicture,
} from './timeline-model';

/** So many runs, the newest, are drawn until more are asked for. */
const SHOWN = 10;

const KINDS: Record<SegmentKind, string> = {
  start: 'Waits for its time',
  retry: 'Waits for its next attempt',
  queue: 'Queued',
  run: 'Runs',
  lost: 'Lines not kept',
};

const RAN: Record<Outcome['status'], string> = {
  COMPLETED: 'Ran, completed',
  FAILED: 'Ran, failed',
  CANCELLED: 'Ran, cancelled',
  NOTE: 'Ran, handed back',
};

/** What happened when, as a picture that grows while the mission runs, and the same as a table for screen readers. */
export function MissionLanes({ mission, history }: { mission: Mission; history: History }) {
  return isFinal(mission.status) ? (
    <Lanes picture={toPicture(history, mission, 0)} />
  ) : (
    <Growing mission={mission} history={history} />
  );
}

function Growing({ mission, history }: { mission: Mission; history: History }) {
  const now = useNow();
  return <Lanes picture={toPicture(history, mission, now)} />;
}

function Lanes({ picture }: { picture: Picture }) {
  const zone = useZone();
  const [whole, setWhole] = useState(false);
  const hidden = whole || picture.rows.length <= SHOWN + 2 ? 0 : picture.rows.length - SHOWN;
  if (picture.rows.length === 0) return null;
  return (
    <>
      {(hidden > 0 || whole) && (
        <Button
          size="compact-sm"
          variant="default"
          mb={8}
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? `Show the newest ${SHOWN} runs` : `Show ${hidden} earlier runs`}
        </Button>
      )}
      <div className={css.lanes} aria-hidden="true">
        <div className={css.axis}>
          <div className={css.ticks}>
            <Ticks picture={picture} zone={zone} />
          </div>
        </div>
        <div>
          {picture.marks.length > 0 && <Marks picture={picture} />}
          {picture.rows.slice(hidden).map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows only come at the end
            <Lane key={hidden + i} row={row} picture={picture} />
          ))}
        </div>
        <ul className={css.legend}>
          {legendOf(picture).map(({ kind, status, words }) => (
            <li key={words}>
              <span className={css.swatch} data-status={status}>
                <span className={css.segment} data-kind={kind} />
              </span>
              {words}
            </li>
          ))}
        </ul>
      </div>
      <Table picture={picture} zone={zone} />
    </>
  );
}

interface Look {
  kind: SegmentKind;
  status?: Outcome['status'];
  words: string;
}

/** Each look that is in the picture, once: a run's colour is that of how it ended. */
function legendOf({ rows }: Picture): Look[] {
  return (Object.keys(KINDS) as SegmentKind[]).flatMap((kind): Look[] => {
    const having = rows.filter((row) => row.segments.some((segment) => segment.kind === kind));
    if (having.length === 0) return [];
    if (kind !== 'run') return [{ kind, words: KINDS[kind] }];
    const ends = [...new Set(having.map((row) => row.outcome?.status))];
    return ends.map((status) => ({ kind, status, words: status ? RAN[status] : KINDS.run }));
  });
}

const percent = (n: number) => `${Math.round(n * 1e4) / 100}%`;

function place(picture: Picture, at: number): string {
  return percent((at - picture.from) / (picture.to - picture.from));
}

/** Behind this part of a narrow axis a label to the millisecond has no room. */
const ROOM_ON_A_PHONE = 0.68;

function Ticks({ picture, zone }: { picture: Picture; zone: Zone }) {
  const span = picture.to - picture.from;
  const all = ticks(span, 4);
  const step = all[1] ?? span;
  return all
    .filter((tick, i) => i === 0 || tick / span < 0.9) // a label needs room at its right
    .map((tick) => (
      <span
        key={tick}
        className={css.tick}
        data-late={tick / span > ROOM_ON_A_PHONE || undefined}
        style={{ left: percent(tick / span) }}
      >
        <b>{formatTick(picture.from + tick, step, zone)}</b>
        {tick === 0 ? 'start' : `+${formatDuration(tick)}`}
      </span>
    ));
}

function formatTick(at: number, step: number, zone: Zone): string {
  if (step < 1_000) return formatClock(at, zone);
  if (step < 60_000) return formatSecond(at, zone);
  if (step < 6 * 3_600_000) return formatMinute(at, zone);
  return `${formatDay(at, zone)}, ${formatMinute(at, zone)}`;
}

function Lane({ row, picture }: { row: Row; picture: Picture }) {
  return (
    <div className={css.row}>
      <div className={css.head}>
        <b>{nameOf(row)}</b>
        {row.soldierId && (
          <span className={css.soldier} title={row.soldierId}>
            {row.soldierId}
          </span>
        )}
      </div>
      <div className={css.track} data-status={row.outcome?.status}>
        {row.segments.map((segment) => (
          <span
            key={segment.from + segment.kind}
            className={css.segment}
            data-kind={segment.kind}
            data-open={segment.open}
            title={`${KINDS[segment.kind]}: ${formatDuration(segment.to - segment.from)}\n${formatBoth(segment.from)}`}
            style={{
              left: `min(${place(picture, segment.from)}, 100% - 3px)`,
              width: percent((segment.to - segment.from) / (picture.to - picture.from)),
            }}
          />
        ))}
        {picture.now !== undefined && picture.now < picture.to && (
          <span className={css.line} title="now" style={{ left: place(picture, picture.now) }} />
        )}
      </div>
      <div className={css.outcome}>
        <Word row={row} />
        <span className={css.times}>{timesOf(row, picture.now)}</span>
      </div>
    </div>
  );
}

const nameOf = (row: Row) =>
  row.run > 0 ? `Run ${row.run} · attempt ${row.attempt}` : `Attempt ${row.attempt}`;

function timesOf(row: Row, now: number | undefined): string {
  const waited = took(row, now, 'start', 'retry', 'queue');
  const ran = took(row, now, 'run');
  const open = row.segments.at(-1)?.open;
  const format = (ms: number, last: boolean) => (open && last ? formatElapsed(ms) : formatDuration(ms));
  return [
    waited !== undefined && waited > 0 && `waited ${format(waited, ran === undefined)}`,
    ran !== undefined && `ran ${format(ran, true)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

const ICONS = { COMPLETED: CircleCheck, FAILED: CircleX, CANCELLED: Ban, NOTE: Undo2 };

function Word({ row }: { row: Row }) {
  const { outcome } = row;
  if (outcome) {
    const Icon = ICONS[outcome.status];
    return (
      <span className={css.word} data-status={outcome.status} title={outcome.message}>
        <Icon size={14} />
        {outcome.word}
      </span>
    );
  }
  return <span className={css.word}>{stateOf(row)}</span>;
}

function stateOf(row: Row): string {
  const last = row.segments.at(-1);
  if (!last) return '';
  return last.kind === 'run' && last.open ? 'Running' : KINDS[last.kind];
}

const MARK_LOOKS: Record<Mark['kind'], { icon: typeof Ban; word: string; status?: string }> = {
  cancel: { icon: Ban, word: 'Cancel asked for', status: 'CANCELLED' },
  retry: { icon: RotateCw, word: 'Retried', status: 'IN_PROGRESS' },
  refused: { icon: ShieldX, word: 'Refused', status: 'REFUSED' },
  note: { icon: CircleDot, word: 'Note' },
};

function Marks({ picture }: { picture: Picture }) {
  const counts = (Object.keys(MARK_LOOKS) as Mark['kind'][])
    .map((kind) => ({ word: MARK_LOOKS[kind].word, n: picture.marks.filter((m) => m.kind === kind).length }))
    .filter(({ n }) => n > 0);
  return (
    <div className={css.row}>
      <div className={css.head}>
        <b>Marks</b>
      </div>
      <div className={css.track}>
        {picture.marks.map((mark, i) => {
          const { icon: Icon, status } = MARK_LOOKS[mark.kind];
          return (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: marks only come at the end
              key={i}
              className={css.mark}
              data-status={status}
              title={`${mark.text}\n${formatBoth(mark.at)}`}
              style={{ left: `clamp(8px, ${place(picture, mark.at)}, 100% - 8px)` }}
            >
              <Icon size={16} />
            </span>
          );
        })}
      </div>
      <div className={css.outcome}>
        <span className={css.times}>
          {counts.map(({ word, n }) => (n > 1 ? `${word} ${n} times` : word)).join(', ')}
        </span>
      </div>
    </div>
  );
}

function Table({ picture, zone }: { picture: Picture; zone: Zone }) {
  return (
    // A table itself would be as wide as its cells.
    <div className="visually-hidden">
      <table>
        <caption>Runs and the waits before them</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Soldier</th>
            <th scope="col">Began</th>
            <th scope="col">Times</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {picture.rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows only come at the end
            <tr key={i}>
              <th scope="row">{nameOf(row)}</th>
              <td>{row.soldierId ?? 'none'}</td>
              <td>{row.segments[0] && formatClock(row.segments[0].from, zone)}</td>
              <td>{timesOf(row, picture.now)}</td>
              <td>{outcomeText(row.outcome) ?? stateOf(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const outcomeText = (outcome: Outcome | undefined) =>
  outcome && (outcome.message ? `${outcome.word}: ${outcome.message}` : outcome.word);
