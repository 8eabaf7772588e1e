// The missions' list: what is loaded of it, what is loaded next, the rows that are
// chosen, and the states that are no list.

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { ArrowUp, Info } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ButtonLink } from '@/components/button-link';
import { formatCount } from '@/components/format';
import { Banner } from '@/components/outage-banner';
import { Empty, Failure, LoadingRows } from '@/components/states';
import { FullTime } from '@/components/times';
import { useChangeMissions } from '@/hooks/use-change-missions';
import { useColumnChoice } from '@/hooks/use-columns';
import { useListStart } from '@/hooks/use-list-start';
import { useLiveList } from '@/hooks/use-live-list';
import { useMissions } from '@/hooks/use-queries';
import { type Selection, useSelection } from '@/hooks/use-selection';
import { useReadOnly } from '@/hooks/use-settings';
import { type Shortcut, useShortcuts } from '@/hooks/use-shortcuts';
import { type BulkAction, isChangeable } from '@/services/bulk';
import {
  exportAddress,
  type Mission,
  type MissionFilter,
  type MissionPage,
  missionKeys,
  PAGE_SIZE,
} from '@/services/missions';
import { AppliedFilter, isEmptyFilter } from './applied-filter';
import { BulkMenu, ColumnMenu } from './list-menus';
import { DEFAULT_COLUMNS } from './mission-columns';
import styles from './mission-list.module.css';
import { MissionTable, type Shown, type TableHandle } from './mission-table';
import { SelectionBar, SelectionQuestion } from './selection-bar';

/** A list that live changes have thinned out, or whose pages came short, is filled up from the server. */
const FEW = 10;
/** So many pages in a row, unless the reader asks for more: a filter may fit nothing in a million missions. */
const PATIENCE = 10;
/** A scroll that goes on, and a page that is put back to where it was left, come past places where nobody stays. */
const REST_MS = 200;
/** So near to an end of what is loaded, the next page is fetched. */
const NEAR = 40;

interface Props {
  filter: MissionFilter;
  onFilter: (filter: MissionFilter) => void;
  onBulk: (action: BulkAction) => void;
}

export function MissionList({ filter, onFilter, onBulk }: Props) {
  const list = useMissions(filter);
  const { data, isFetching, isPlaceholderData, hasNextPage } = list;
  const scope = JSON.stringify(filter);
  const missions = useMemo(() => distinct(data?.pages ?? []), [data]);
  const start = useListStart(data?.pageParams[0], missions, isPlaceholderData ? '' : scope);
  const selection = useSelectionOf(scope, missions);
  const live = useLiveList(filter, selection.missions.length > 0);
  const [visibility, setVisibility] = useColumnChoice(DEFAULT_COLUMNS);
  const [active, setActive] = useState<string>();
  const table = useRef<TableHandle>(null);
  const act = useActions(
    selection,
    missions.find((mission) => mission.id === active),
  );
  useListKeys({ missions, active, selection, focus: (id) => table.current?.focus(id), onAct: act.ask });
  const onShown = useLoading(list, filter, start, missions.length);

  const toolbar = (
    <div className={styles.toolbar}>
      <AppliedFilter
        filter={filter}
        onRemove={(field) => onFilter({ ...filter, [field]: undefined })}
        onClear={() => onFilter({})}
      />
      <div className={styles.tools}>
        <ColumnMenu visibility={visibility} onChange={setVisibility} />
        <BulkMenu filter={filter} onPick={onBulk} />
      </div>
    </div>
  );
  if (!data) {
    return (
      <section aria-label="Mission list" className="panel">
        {toolbar}
        {list.isError ? (
          <Failure
            what="The missions"
            error={list.error}
            onRetry={() => void list.refetch()}
            busy={isFetching}
          />
        ) : (
          <LoadingRows label="Loading missions" />
        )}
      </section>
    );
  }
  const first = data.pages[0];
  const isJumping = data.pages.length === 0;
  const nothing = missions.length === 0 && !isJumping;
  return (
    <section
      aria-label="Mission list"
      className={`panel ${styles.list}`}
      data-waiting={isPlaceholderData || undefined}
    >
      {toolbar}
      {first?.degraded && <FromMemory page={first} />}
      {first?.searched !== undefined && <Searched filter={filter} searched={first.searched} />}
      <NewRows
        count={live.newCount}
        isMore={live.isMore}
        onShow={() => {
          live.showNew();
          window.scrollTo({ top: 0 });
        }}
      />
      {!nothing && (
        <MissionTable
          ref={table}
          missions={missions}
          start={start}
          awaited={isJumping ? PAGE_SIZE : 0}
          total={hasNextPage || isJumping ? undefined : start + missions.length}
          visibility={visibility}
          selection={selection}
          isGone={live.isGone}
          active={active}
          onActive={setActive}
          onShown={onShown}
          busy={isFetching}
        />
      )}
      {nothing && !hasNextPage && !list.isError && (
        <NoMissions filter={filter} onClear={() => onFilter({})} />
      )}
      {nothing && hasNextPage && !list.isError && (
        <p className="dim">
          {isFetching ? 'Looking …' : 'Nothing that matches among those looked at so far.'}
        </p>
      )}
      {list.isError && (
        <Failure
          what={list.isFetchNextPageError ? 'Older missions' : 'The newest state of this list'}
          error={list.error}
          onRetry={() => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch())}
          busy={isFetching}
        />
      )}
      {hasNextPage && !list.isError && (
        <div className="older">
          <Button
            variant="default"
            onClick={() => void list.fetchNextPage()}
            loading={list.isFetchingNextPage}
          >
            Older missions
          </Button>
        </div>
      )}
      <SelectionBar
        chosen={selection.missions}
        report={act.report}
        onAct={act.ask}
        onClear={selection.clear}
        onDismiss={act.dismiss}
      />
      {act.question && <SelectionQuestion {...act.question} />}
    </section>
  );
}

/** In another list nothing is chosen yet. */
function useSelectionOf(scope: string, missions: Mission[]) {
  const selection = useSelection(missions);
  const { clear } = selection;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the list that counts
  useEffect(clear, [scope, clear]);
  return selection;
}

/**
 * Fetches what the reader comes near to: older pages below, and above those that were let go. Whoever
 * lands far above what is kept gets the list from there on, and not all pages between.
 */
function useLoading(
  list: ReturnType<typeof useMissions>,
  filter: MissionFilter,
  start: number,
  count: number,
) {
  const client = useQueryClient();
  const [shown, setShown] = useState<Shown>();
  const { data, isFetching, isPlaceholderData, isError, hasNextPage } = list;
  useEffect(() => {
    if (!data || !shown || isFetching || isPlaceholderData || isError) return;
    const [top] = data.pageParams;
    if (top?.before && shown.last < start - PAGE_SIZE) {
      let param = top;
      while (param.before && param.start > shown.first) param = param.before;
      const timer = setTimeout(() => {
        client.setQueryData(missionKeys.list(filter), { pages: [], pageParams: [param] });
        void list.refetch();
      }, REST_MS);
      return () => clearTimeout(timer);
    }
    if (top?.before && shown.first < start + NEAR) {
      void list.fetchPreviousPage();
    } else if (hasNextPage) {
      const thin = count < FEW && data.pages.length < PATIENCE;
      if (thin || (shown.scrolled && shown.last > start + count - NEAR)) void list.fetchNextPage();
    }
  }, [client, list, filter, data, isFetching, isPlaceholderData, isError, hasNextPage, shown, start, count]);
  return setShown;
}

/** What is done to the chosen rows, or else to the one with the focus: at once, or after a question. */
function useActions(selection: Selection, active: Mission | undefined) {
  const { report, change, dismiss } = useChangeMissions();
  const [asked, setAsked] = useState<{ action: BulkAction; missions: Mission[] }>();
  const start = (action: BulkAction, missions: Mission[]) => {
    void change(action, missions);
    selection.clear();
  };
  const ask = (action: BulkAction) => {
    const all = selection.missions.length > 0 ? selection.missions : active ? [active] : [];
    const missions = all.filter((mission) => isChangeable(action, mission));
    if (missions.length === 0) return;
    if (action === 'retry') start(action, missions);
    else setAsked({ action, missions });
  };
  const question = asked && {
    ...asked,
    onYes: () => {
      setAsked(undefined);
      start(asked.action, asked.missions);
    },
    onNo: () => setAsked(undefined),
  };
  return { ask, question, report, dismiss };
}

interface Keys {
  missions: Mission[];
  active?: string;
  selection: Selection;
  focus: (id: string) => void;
  onAct: (action: BulkAction) => void;
}

function useListKeys(keys: Keys) {
  const readOnly = useReadOnly();
  const now = useRef(keys);
  useEffect(() => {
    now.current = keys;
  });
  const shortcuts = useMemo((): Shortcut[] => {
    const current = () => now.current.missions.find((mission) => mission.id === now.current.active);
    const move = (by: number) => {
      const { missions, active, focus } = now.current;
      const place = missions.findIndex((mission) => mission.id === active);
      const next = missions[place < 0 ? 0 : place + by];
      if (next) focus(next.id);
    };
    const toggle = (range: boolean) => {
      const mission = current();
      if (mission) now.current.selection.toggle(mission, { range });
    };
    return [
      { keys: 'j', label: 'Next mission; Enter opens it', run: () => move(1) },
      { keys: 'k', label: 'Mission before', run: () => move(-1) },
      { keys: 'x', label: 'Select the mission', run: () => toggle(false) },
      { keys: 'X', label: 'Select all from the last one to this', run: () => toggle(true) },
      { keys: 'Escape', label: 'Clear the selection', run: () => now.current.selection.clear() },
      ...(readOnly
        ? []
        : [
            { keys: 'r', label: 'Retry what is selected', run: () => now.current.onAct('retry') },
            { keys: 'c', label: 'Cancel what is selected', run: () => now.current.onAct('cancel') },
          ]),
    ];
  }, [readOnly]);
  useShortcuts(shortcuts);
}

function NewRows({ count, isMore, onShow }: { count: number; isMore: boolean; onShow: () => void }) {
  if (count === 0 && !isMore) return null;
  return (
    <div className={styles.news}>
      <button type="button" className={styles.new} onClick={onShow}>
        <ArrowUp size={14} aria-hidden="true" />
        {formatCount(count)}
        {isMore && '+'} new
      </button>
    </div>
  );
}

function FromMemory({ page }: { page: MissionPage }) {
  return (
    <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
      Read from the commander's memory
      {page.asOf !== undefined && (
        <>
          {' '}
          as of <FullTime at={page.asOf} />
        </>
      )}
      .{!page.complete && ' Older missions may be missing here; they are not lost.'}
    </Banner>
  );
}

function Searched({ filter, searched }: { filter: MissionFilter; searched: number }) {
  return (
    <Banner tone="info" icon={<Info size={18} aria-hidden="true" />}>
      Only the newest {formatCount(searched)} missions were searched for a name that begins with “{filter.q}”.{' '}
      <a href={exportAddress(filter)} download="missions.ndjson">
        Export
      </a>{' '}
      looks at all; a whole id finds its mission however old it is.
    </Banner>
  );
}

function NoMissions({ filter, onClear }: { filter: MissionFilter; onClear: () => void }) {
  if (!isEmptyFilter(filter)) {
    return (
      <Empty
        title="No mission matches now"
        action={
          <Button variant="default" onClick={onClear}>
            Clear filters
          </Button>
        }
      >
        As soon as one does, it appears here.
      </Empty>
    );
  }
  return (
    <Empty
      title="No missions yet"
      action={<ButtonLink to="/missions/new">Order the first mission</ButtonLink>}
    >
      Order one here or with POST /missions; it appears at once.
    </Empty>
  );
}

/** Pages can overlap by a row that came in between two fetches. */
function distinct(pages: MissionPage[]): Mission[] {
  const seen = new Set<string>();
  return pages.flatMap((page) =>
    page.missions.filter((mission) => !seen.has(mission.id) && seen.add(mission.id)),
  );
}
