// The missions, newest first, of which only the rows near the window are drawn. The
// page scrolls, not a box in it. It is a real table: what is not drawn is space in
// bodies of its own, and each row says which one it is.

import { FlexRender, type Row as TableRow, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  type ChangeEvent,
  memo,
  type Ref,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from 'react';
import { useRowFocus, useRowHeight, useTopOfRows } from '@/hooks/use-row-window';
import type { Selection } from '@/hooks/use-selection';
import type { Mission } from '@/services/missions';
import { columns, features, lookOf } from './mission-columns';
import styles from './mission-table.module.css';

/** Beyond the window on either side, so that a quick scroll shows rows and no gaps. */
const OVERSCAN = 12;
/** Under the page's head and the table's own. */
const HEAD = 96;

/** Which rows of the whole list are on the screen, counted from 0. */
export interface Shown {
  first: number;
  last: number;
  /** The reader has left the top of the page. */
  scrolled: boolean;
}

export interface TableHandle {
  /** Brings the row on the screen and puts the focus on its link. */
  focus: (id: string) => void;
}

interface Props {
  missions: Mission[];
  /** So many rows lie before the first of the missions; they were let go and have only their place. */
  start: number;
  /** So many rows are about to come, where there are no missions yet. */
  awaited: number;
  /** So many rows in all; undefined while older ones may exist. */
  total?: number;
  visibility: Record<string, boolean>;
  selection: Selection;
  /** It no longer matches the filter, and stays until the reader moves on. */
  isGone: (mission: Mission) => boolean;
  active?: string;
  /** The focus is in this row. Stable. */
  onActive: (id: string) => void;
  /** Stable. */
  onShown: (shown: Shown) => void;
  busy: boolean;
  ref?: Ref<TableHandle>;
}

export function MissionTable({ missions, start, awaited, total, visibility, selection, ...props }: Props) {
  const { isGone, active, onActive, onShown, busy, ref } = props;
  const element = useRef<HTMLTableElement>(null);
  const rowHeight = useRowHeight(3.875, 5.25);
  const count = start + Math.max(missions.length, awaited);
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: useTopOfRows(element),
    scrollPaddingStart: HEAD,
    scrollPaddingEnd: rowHeight,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: all rows got another height
  useLayoutEffect(() => virtualizer.measure(), [rowHeight]);

  const items = virtualizer.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = (items.at(-1)?.index ?? -1) + 1;
  const absent = Math.max(0, Math.min(missions.length > 0 ? start : count, to) - from);

  const first = virtualizer.range?.startIndex ?? 0;
  const last = virtualizer.range?.endIndex ?? 0;
  const scrolled = (virtualizer.scrollOffset ?? 0) > 0;
  useEffect(() => onShown({ first, last, scrolled }), [onShown, first, last, scrolled]);

  const focus = useRowFocus(element, (id) => {
    const place = missions.findIndex((mission) => mission.id === id);
    if (place >= 0) virtualizer.scrollToIndex(start + place);
  });
  useImperativeHandle(ref, () => ({ focus }), [focus]);

  const table = useTable({
    features,
    columns,
    data: missions.slice(Math.max(0, from - start), Math.max(0, to - start)),
    getRowId: (mission) => mission.id,
    state: { columnVisibility: visibility },
  });
  const shape = table.getVisibleLeafColumns().map((column) => column.id);
  const look = shape.join();
  const allChosen = missions.length > 0 && missions.every((mission) => selection.has(mission.id));

  return (
    <table
      ref={element}
      className={`table ${styles.table}`}
      aria-label="Missions"
      aria-busy={busy}
      aria-rowcount={total === undefined ? -1 : total + 1}
    >
      <colgroup>
        <col className={styles.check} />
        {shape.map((id) => (
          <col key={id} className={lookOf(id).className} style={{ width: rem(lookOf(id).width) }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col" className={styles.check}>
            <label className={styles.tick}>
              <input
                type="checkbox"
                aria-label="Select all loaded missions"
                checked={allChosen}
                ref={(box) => {
                  if (box) box.indeterminate = !allChosen && selection.missions.length > 0;
                }}
                onChange={() => (allChosen ? selection.clear() : selection.all())}
              />
            </label>
          </th>
          {table.getHeaderGroups().map((group) =>
            group.headers.map((header) => (
              <th key={header.id} scope="col" className={lookOf(header.column.id).className}>
                <FlexRender header={header} />
              </th>
            )),
          )}
        </tr>
      </thead>
      <Space rows={from} height={rowHeight} />
      <tbody>
        {Array.from({ length: absent }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows without an identity, known by their place
          <AbsentRow key={from + i} index={from + i} />
        ))}
        {table.getRowModel().rows.map((row, i) => (
          <Row
            key={row.id}
            row={row}
            mission={row.original}
            look={look}
            index={Math.max(from, start) + i}
            chosen={selection.has(row.id)}
            gone={isGone(row.original)}
            active={row.id === active}
            onToggle={selection.toggle}
            onActive={onActive}
          />
        ))}
      </tbody>
      <Space rows={count - to} height={rowHeight} />
    </table>
  );
}

const rem = (width: number | undefined) => (width === undefined ? undefined : `${width}rem`);

/** The place of rows that are not drawn. One cell, whatever columns there are: on a narrow screen some are hidden. */
function Space({ rows, height }: { rows: number; height: number }) {
  if (rows <= 0) return null;
  return (
    <tbody aria-hidden="true">
      <tr>
        <td className={styles.space} style={{ height: rows * height }} />
      </tr>
    </tbody>
  );
}

function AbsentRow({ index }: { index: number }) {
  return (
    <tr className={styles.absent} aria-rowindex={index + 2} aria-busy="true">
      <td className={styles.check} />
      <td>
        <span />
        <span className="visually-hidden">Loading</span>
      </td>
    </tr>
  );
}

interface RowProps {
  row: TableRow<typeof features, Mission>;
  mission: Mission;
  /** The columns, as one text. */
  look: string;
  index: number;
  chosen: boolean;
  gone: boolean;
  active: boolean;
  onToggle: Selection['toggle'];
  onActive: (id: string) => void;
}

const Row = memo(
  function Row({ row, mission, index, chosen, gone, active, onToggle, onActive }: RowProps) {
    const toggle = (event: ChangeEvent<HTMLInputElement>) => {
      const click = event.nativeEvent;
      onToggle(mission, { range: click instanceof MouseEvent && click.shiftKey });
    };
    return (
      <tr
        data-mission-id={mission.id}
        data-chosen={chosen || undefined}
        data-active={active || undefined}
        data-gone={gone || undefined}
        className={styles.row}
        aria-rowindex={index + 2}
        onFocus={() => onActive(mission.id)}
      >
        <td className={styles.check}>
          <label className={styles.tick}>
            <input type="checkbox" aria-label={`Select ${mission.name}`} checked={chosen} onChange={toggle} />
          </label>
        </td>
        {row.getVisibleCells().map((cell) => (
          <td key={cell.id} className={lookOf(cell.column.id).className}>
            <FlexRender cell={cell} />
          </td>
        ))}
      </tr>
    );
  },
  // The table makes its rows anew for each change of any mission; a mission is replaced only when it changed itself.
  (a, b) =>
    a.mission === b.mission &&
    a.look === b.look &&
    a.index === b.index &&
    a.chosen === b.chosen &&
    a.gone === b.gone &&
    a.active === b.active &&
    a.onToggle === b.onToggle,
);
