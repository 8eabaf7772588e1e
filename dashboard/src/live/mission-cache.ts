// Puts changes of missions into what is cached of them: lists and details.
//
// An answer may be older than events that came while it was under way, and would overwrite them: recent missions are
// applied again after each fetch. Changes are gathered for a moment, so that a burst is one pass over each list and one
// rendering.

import { hashKey, type QueryClient, type QueryKey } from '@tanstack/react-query';
import {
  FIRST_PAGE,
  type Mission,
  type MissionDetail,
  type MissionFilter,
  type MissionPages,
  missionKeys,
  PAGE_SIZE,
} from '@/services/missions';
import { applyToDetail, dropLeavers, insertRows, matches, needsFetch, newcomers, updateRows } from './apply';
import { ListHold } from './list-hold';

const GATHER_MS = 80;
const RECENT_LIMIT = 1_000;
/** A live list may grow by so many rows before it is cut back to one page. */
const GROWTH_LIMIT = 250;

type Changes = ReadonlyMap<string, Mission>;

interface ReadList {
  hold: ListHold;
  readers: number;
}

export class MissionCache {
  private readonly client: QueryClient;
  private pending = new Map<string, Mission>();
  private readonly recent = new Map<string, Mission>();
  private readonly fetchedFor = new Map<string, number>();
  private readonly lists = new Map<string, ReadList>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.client = client;
  }

  /** Applies a change in a moment, with others. */
  gather(mission: Mission): void {
    const known = this.pending.get(mission.id);
    if (known && known.version >= mission.version) return;
    this.pending.set(mission.id, mission);
    this.remember(mission);
    this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Applies what was gathered, now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.size === 0) return;
    const changes = this.pending;
    this.pending = new Map();
    this.applyAll(changes);
  }

  /** Takes a mission that this page itself got from the commander (created, cancelled). */
  learn(mission: Mission): void {
    this.remember(mission);
    this.applyAll(new Map([[mission.id, mission]]));
  }

  /** Takes a mission out of all lists that this page itself removed: no event tells of it. */
  remove(id: string): void {
    this.recent.delete(id);
    this.pending.delete(id);
    this.client.setQueriesData<MissionPages>({ queryKey: missionKeys.lists }, (list) => {
      if (!list?.pages.some((page) => page.missions.some((mission) => mission.id === id))) return list;
      const pages = list.pages.map((page) => ({
        ...page,
        missions: page.missions.filter((mission) => mission.id !== id),
      }));
      return { ...list, pages };
    });
  }

  /** Forgets all changes: what is shown is fetched anew. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pending.clear();
    this.recent.clear();
    this.fetchedFor.clear();
  }

  /** Applies what came while this was fetched. */
  afterFetch(key: QueryKey): void {
    if (key[0] !== 'missions') return;
    if (key[1] === 'list') this.applyToList(key, this.recent);
    if (key[1] === 'detail') {
      const change = this.recent.get(String(key[2]));
      if (change) this.applyToDetail(change);
    }
  }

  /** Applies changes to one list: its rows where they are, and new ones at their places, or behind its hold. */
  applyToList(key: QueryKey, changes: Changes): void {
    const before = this.client.getQueryData<MissionPages>(key);
    if (!before) return;
    const filter = filterOf(key);
    const hold = this.holdOf(key);
    // Who is new is seen before rows go: the last one tells how far the list reaches.
    const fresh = newcomers(before, filter, changes);
    hold?.count(fresh.filter(({ id }) => !hold.isWaiting(id)).length);
    let after = updateRows(before, filter, changes, hold?.isHeld ? 'stay' : 'go');
    if (hold?.isHeld) {
      hold.keep(fresh, changes, (mission) => matches(mission, filter));
    } else {
      after = insertRows(after, fresh);
    }
    if (after === before) return;
    this.client.setQueryData(key, after);
    const rows = after.pages.reduce((sum, page) => sum + page.missions.length, 0);
    if (
      !hold?.isHeld &&
      rows > after.pages.length * PAGE_SIZE + GROWTH_LIMIT &&
      this.client.isFetching({ queryKey: key, exact: true }) === 0
    ) {
      // Rows below are older than what anybody looks at; a fresh first page has the right cursor.
      void this.beginAnew(key, after);
    }
  }

  /** How a list is held for its readers. */
  listAt(key: QueryKey): ListHold {
    return this.entryOf(key).hold;
  }

  /** The same, if the list has readers; without them nothing is held back. */
  holdOf(key: QueryKey): ListHold | undefined {
    return this.lists.get(hashKey(key))?.hold;
  }

  /** Says that a list is read, until the release that is returned is called. */
  readList(key: QueryKey, hold: ListHold): () => void {
    const hash = hashKey(key);
    const entry = this.lists.get(hash) ?? { hold, readers: 0 };
    this.lists.set(hash, entry);
    entry.readers += 1;
    return () => {
      entry.readers -= 1;
      if (entry.readers > 0) return;
      hold.close();
      this.showNew(key); // nobody is there whom it could surprise
      this.lists.delete(hash);
    };
  }

  /** Lets the rows in that wait, and those go that no longer match. */
  showNew(key: QueryKey): void {
    const hold = this.holdOf(key);
    if (!hold) return;
    const isBehind = hold.isBehind;
    const waiting = hold.take();
    const before = this.client.getQueryData<MissionPages>(key);
    if (!before) return;
    if (isBehind) {
      this.beginAnew(key, before);
      return;
    }
    const filter = filterOf(key);
    const rows = new Map(waiting.map((mission) => [mission.id, mission]));
    const whole = insertRows(before, newcomers(before, filter, rows));
    this.client.setQueryData(key, dropLeavers(whole, filter));
  }

  /** Fetches the newest page of a list again, and lets go of the older ones. */
  beginAnew(key: QueryKey, pages: MissionPages): Promise<void> {
    const first: MissionPages = { pages: pages.pages.slice(0, 1), pageParams: [FIRST_PAGE] };
    if (pages.pages.length > 1 || pages.pageParams[0] !== FIRST_PAGE) this.client.setQueryData(key, first);
    return this.client.invalidateQueries({ queryKey: key, exact: true });
  }

  private entryOf(key: QueryKey): ReadList {
    const hash = hashKey(key);
    const entry = this.lists.get(hash) ?? { hold: new ListHold(() => this.showNew(key)), readers: 0 };
    this.lists.set(hash, entry);
    return entry;
  }

  private remember(mission: Mission): void {
    const known = this.recent.get(mission.id);
    if (known && known.version >= mission.version) return;
    this.recent.delete(mission.id);
    this.recent.set(mission.id, mission);
    if (this.recent.size > RECENT_LIMIT) {
      const eldest = this.recent.keys().next().value;
      if (eldest !== undefined) this.recent.delete(eldest);
    }
  }

  private applyAll(changes: Changes): void {
    for (const [key] of this.client.getQueriesData<MissionPages>({ queryKey: missionKeys.lists })) {
      this.applyToList(key, changes);
    }
    for (const change of changes.values()) this.applyToDetail(change);
  }

  private applyToDetail(change: Mission): void {
    const key = missionKeys.detail(change.id);
    const before = this.client.getQueryData<MissionDetail>(key);
    if (!before) return;
    const after = applyToDetail(before, change);
    if (after === before) return;
    this.client.setQueryData(key, after);
    if (needsFetch(change) && (this.fetchedFor.get(change.id) ?? 0) < change.version) {
      this.fetchedFor.set(change.id, change.version); // once, even if an answer from memory lags behind the event
      void this.client.invalidateQueries({ queryKey: key, exact: true });
    }
  }
}

export const filterOf = (key: QueryKey) => (key[2] ?? {}) as MissionFilter;
