import { describe, expect, it } from 'vitest';
import { FIRST_PAGE, type Mission, type MissionPages, missionSchema } from '@/services/missions';
import { completed, inProgress, type WireMission, wireMission } from '@/test/factories/mission';
import { applyToDetail, applyToList, needsFetch } from './apply';

const parse = (wire: WireMission): Mission => missionSchema.parse(wire);
const changes = (...missions: Mission[]) => new Map(missions.map((m) => [m.id, m]));
const list = (rows: Mission[][], hasOlder = false): MissionPages => ({
  pageParams: rows.map(() => FIRST_PAGE),
  pages: rows.map((missions, i) => ({
    missions,
    nextCursor: i < rows.length - 1 || hasOlder ? `after page ${i}` : undefined,
    complete: true,
    degraded: false,
  })),
});
const ids = (pages: MissionPages) => pages.pages.map((page) => page.missions.map((m) => m.id));

// Older first, so that a < b < c < d.
const [wa, wb, wc, wd] = [wireMission(), wireMission(), wireMission(), wireMission()] as const;
const [a, b, c, d] = [parse(wa), parse(wb), parse(wc), parse(wd)] as const;

describe('applyToList', () => {
  it('replaces a row by its newer version, and leaves the other rows as they are', () => {
    const before = list([[c, b, a]]);
    const newer = parse(inProgress(wb));
    const after = applyToList(before, {}, changes(newer));
    expect(after.pages[0]?.missions).toEqual([c, newer, a]);
    expect(after.pages[0]?.missions[0]).toBe(c);
  });

  it('drops an older or equal version', () => {
    const newer = parse(inProgress(wb));
    const before = list([[c, newer]]);
    expect(applyToList(before, {}, changes(b))).toBe(before);
    expect(applyToList(before, {}, changes({ ...newer, name: 'other' }))).toBe(before);
  });

  it('inserts a new mission at the top', () => {
    expect(ids(applyToList(list([[b, a]]), {}, changes(c)))).toEqual([[c.id, b.id, a.id]]);
    expect(ids(applyToList(list([[]]), {}, changes(c)))).toEqual([[c.id]]);
  });

  it('inserts at its place what begins to match', () => {
    const now = parse(completed(inProgress(wb)));
    expect(ids(applyToList(list([[d, c], [a]]), { status: 'COMPLETED' }, changes(now)))).toEqual([
      [d.id, c.id],
      [b.id, a.id],
    ]);
  });

  it('lets go what no longer matches', () => {
    const now = parse(inProgress(wb));
    expect(ids(applyToList(list([[c, b, a]]), { status: 'QUEUED' }, changes(now)))).toEqual([[c.id, a.id]]);
    expect(ids(applyToList(list([[c, b, a]]), { squad: 'default', kind: 'simulate' }, changes(now)))).toEqual(
      [[c.id, b.id, a.id]],
    );
  });

  it('leaves out what belongs to a page that was not asked for', () => {
    const before = list([[d, c, b]], true);
    expect(applyToList(before, {}, changes(a))).toBe(before);
    expect(ids(applyToList(list([[d, c, b]]), {}, changes(a)))).toEqual([[d.id, c.id, b.id, a.id]]);
  });

  it('keeps what comes above the last row, though that one goes', () => {
    const now = parse(inProgress(wa));
    const before = list([[c, a]], true);
    expect(ids(applyToList(before, { status: 'QUEUED' }, changes(now, b)))).toEqual([[c.id, b.id]]);
  });

  it('leaves out what is newer than the pages that are kept', () => {
    const before = { ...list([[c, b]]), pageParams: [{ start: 100, before: FIRST_PAGE }] };
    expect(applyToList(before, {}, changes(d))).toBe(before);
    expect(ids(applyToList({ ...before, pageParams: [FIRST_PAGE] }, {}, changes(d)))).toEqual([
      [d.id, c.id, b.id],
    ]);
  });

  it('gives the same rows for any order of the same events', () => {
    const events = [b, parse(inProgress(wb)), c, parse(completed(inProgress(wb))), d, parse(inProgress(wd))];
    const play = (order: Mission[]) =>
      order.reduce((now, event) => applyToList(now, {}, changes(event)), list([[a]]));
    const expected = play(events);
    for (let turn = 1; turn < events.length; turn++) {
      const order = [...events.slice(turn), ...events.slice(0, turn)].reverse();
      expect(play(order).pages).toEqual(expected.pages);
    }
  });
});

describe('a burst', () => {
  it('of 1,000 changes to a list of 1,000 rows is one pass', () => {
    let looks = 0;
    const counted = (mission: Mission): Mission =>
      Object.defineProperty({ ...mission }, 'id', {
        get: () => {
          looks += 1;
          return mission.id;
        },
        enumerable: true,
      });
    const rows = Array.from({ length: 1_500 }, () => wireMission()).reverse();
    const shown = rows.filter((_, i) => i % 3 > 0).map((wire) => counted(parse(wire)));
    const pages = list(Array.from({ length: 10 }, (_, page) => shown.slice(page * 100, page * 100 + 100)));
    // Half are rows that are there, half are new ones between them.
    const burst = rows.filter((_, i) => i % 3 < 2).map((wire) => parse(inProgress(wire)));
    const after = applyToList(pages, {}, changes(...burst));
    const ids = after.pages.flatMap((page) => page.missions.map((m) => m.id));
    expect(looks).toBeLessThan(6 * shown.length);
    expect(ids).toEqual(rows.map((wire) => wire.mission_id));
  });
});

describe('applyToDetail', () => {
  it('keeps the payload, which events lack, and drops what is older', () => {
    const detail = { mission: { ...b, payload: { seed: 1 } }, degraded: true };
    const newer = parse(inProgress(wb));
    expect(applyToDetail(detail, newer)).toEqual({
      mission: { ...newer, payload: { seed: 1 } },
      degraded: false,
    });
    expect(applyToDetail({ mission: newer, degraded: false }, b).mission).toBe(newer);
  });

  it('asks for the whole mission once it ended', () => {
    expect(needsFetch(parse(completed(wb)))).toBe(true);
    expect(needsFetch(parse(inProgress(wb)))).toBe(false);
  });
});
