// Fetches anew what the stream can't tell: after a gap, when more changed than it tells, and in its place while it does not
// come through. A list that is held for its reader is not fetched as a whole, because its rows would move: its pages are
// asked for by their own cursors, and rows are replaced where they are.

import type { Query, QueryClient, QueryKey } from '@tanstack/react-query';
import { FIRST_PAGE, fetchMissions, type MissionPages } from '@/services/missions';
import { filterOf, type MissionCache } from './mission-cache';

/** What is shown is fetched at most this often because more changed, counted from the last answer. */
const MORE_EVERY = 2_000;
/** Likewise because missions were removed: where what is old is removed all the time, that is no reason to ask all the time. */
const REMOVED_EVERY = 10_000;
/** So many pages of a held list are kept up, the last ones: where its reader is. */
const PAGES_REFRESHED = 5;
/** What has no picture of its own in the stream, so that a gap can hide changes. */
const WITHOUT_PICTURE = new Set<unknown>(['missions', 'history', 'trends', 'failures', 'telemetry']);
/** What is read only when its reader asks: it is slow, or the answer to a question that is open. */
export const ONLY_WHEN_ASKED = new Set<unknown>(['set-aside', 'bulk-preview']);
/** What an earlier commander does not tell at all. */
const UNTOLD_BY_OLDER = new Set<unknown>([
  'attention',
  'squads',
  'schedules',
  'bulk',
  'trends',
  'failures',
  'telemetry',
]);

export class CatchUp {
  /** When all that is shown was last answered in a round of refetchShown. */
  answeredAt: number | undefined;
  private readonly client: QueryClient;
  private readonly missions: MissionCache;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private removal: ReturnType<typeof setTimeout> | undefined;
  private removedAt = Number.NEGATIVE_INFINITY;
  private isBusy = false;
  private isDue = false;

  constructor(client: QueryClient, missions: MissionCache) {
    this.client = client;
    this.missions = missions;
  }

  /** More missions changed than were told. */
  more(): void {
    this.isDue = true;
    if (this.timer === undefined && !this.isBusy) {
      this.timer = setTimeout(() => void this.fetchMissionsShown(), MORE_EVERY);
    }
  }

  /** Missions were removed, nobody tells which. */
  removed(): void {
    if (this.removal !== undefined) return;
    const since = Math.max(0, Date.now() - this.removedAt); // a clock that was set back makes nobody wait for longer
    const wait = Math.max(0, REMOVED_EVERY - since);
    this.removal = setTimeout(() => {
      this.removal = undefined;
      this.removedAt = Date.now();
      this.more();
    }, wait);
  }

  /** Forgets what is due, and tells whether something was. */
  stop(): boolean {
    const wasDue = this.isDue || this.removal !== undefined;
    clearTimeout(this.timer);
    clearTimeout(this.removal);
    this.timer = undefined;
    this.removal = undefined;
    this.isDue = false;
    return wasDue;
  }

  /** Events were lost: all that they could have told is asked for. */
  gap(): void {
    this.missions.clear();
    const predicate = (query: Query) =>
      WITHOUT_PICTURE.has(query.queryKey[0]) && !this.missions.holdOf(query.queryKey)?.isHeld;
    // A first fetch under way is not repeated by an invalidation, so it is cancelled before.
    void this.client.cancelQueries({ predicate }).then(() => this.client.invalidateQueries({ predicate }));
    for (const query of this.listsShown()) {
      const hold = this.missions.holdOf(query.queryKey);
      if (!hold?.isHeld) continue;
      hold.markBehind();
      void this.refreshHeld(query.queryKey);
    }
  }

  /** Asks for all that is shown, or for what an earlier commander does not tell. True if all was answered. */
  async refetchShown(which: 'all' | 'untold by older' = 'all'): Promise<boolean> {
    const wanted = (query: Query) =>
      query.isActive() &&
      !ONLY_WHEN_ASKED.has(query.queryKey[0]) &&
      (which === 'all' || UNTOLD_BY_OLDER.has(query.queryKey[0]));
    const isHeld = (query: Query) => this.missions.holdOf(query.queryKey)?.isHeld === true;
    await this.client.refetchQueries(
      { predicate: (query) => wanted(query) && !isHeld(query) },
      { cancelRefetch: false },
    );
    const held = this.client
      .getQueryCache()
      .findAll({ predicate: (query) => wanted(query) && isHeld(query) });
    const refreshed = await Promise.all(held.map((query) => this.refreshHeld(query.queryKey)));
    const failed = this.client
      .getQueryCache()
      .findAll({ predicate: wanted })
      .some((q) => q.state.error !== null);
    const answered = !failed && refreshed.every(Boolean);
    if (answered) this.answeredAt = Date.now();
    return answered;
  }

  private async fetchMissionsShown(): Promise<void> {
    this.timer = undefined;
    this.isDue = false;
    this.isBusy = true;
    const lists = this.listsShown().map(({ queryKey }) => this.fetchList(queryKey));
    const details = this.client.invalidateQueries({
      predicate: ({ queryKey: [resource, kind] }) => resource === 'missions' && kind === 'detail',
    });
    // What is not shown now is asked for when it is.
    const unseen = this.client.invalidateQueries({
      queryKey: ['missions', 'list'],
      type: 'inactive',
      refetchType: 'none',
    });
    await Promise.all([...lists, details, unseen]);
    this.isBusy = false;
    if (this.isDue) this.more();
  }

  private async fetchList(key: QueryKey): Promise<void> {
    const hold = this.missions.holdOf(key);
    const pages = this.client.getQueryData<MissionPages>(key);
    if (!pages) return;
    if (hold?.isHeld) await this.refreshHeld(key);
    // Its reader is at the top: what was loaded further down is out of sight.
    else if (hold) await this.missions.beginAnew(key, pages);
    else await this.client.invalidateQueries({ queryKey: key, exact: true });
  }

  /** Brings the rows of a held list up to date where they are. False if there was no answer. */
  private async refreshHeld(key: QueryKey): Promise<boolean> {
    const shown = this.client.getQueryData<MissionPages>(key);
    if (!shown) return true;
    try {
      for (const param of shown.pageParams.slice(-PAGES_REFRESHED)) {
        const page = await fetchMissions(filterOf(key), param.cursor);
        const last = page.missions.at(-1);
        const newest = shown.pages[0]?.missions[0];
        // New missions fill the page: between them and the first row that is shown are more.
        const isShort = param === FIRST_PAGE && page.nextCursor && last && newest && last.id > newest.id;
        if (isShort) this.missions.holdOf(key)?.markBehind();
        this.missions.applyToList(key, new Map(page.missions.map((mission) => [mission.id, mission])));
      }
      return true;
    } catch {
      return false; // the rows stay as they are; the next round asks again
    }
  }

  private listsShown(): Query[] {
    return this.client.getQueryCache().findAll({ queryKey: ['missions', 'list'], type: 'active' });
  }
}
