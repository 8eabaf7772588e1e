import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FIRST_PAGE, type Mission, type MissionPages, missionKeys, missionSchema } from '@/services/missions';
import { inProgress, type WireMission, wireMission } from '@/test/factories/mission';
import { MissionCache } from './mission-cache';

const KEY = missionKeys.list({ status: 'QUEUED' });
const parse = (wire: WireMission): Mission => missionSchema.parse(wire);

let client: QueryClient;
let cache: MissionCache;
let release: () => void;

function show(rows: WireMission[], key: readonly unknown[] = KEY) {
  const missions = rows.map(parse).reverse();
  const page = { missions, nextCursor: 'older', complete: true, degraded: false };
  client.setQueryData<MissionPages>(key, { pages: [page], pageParams: [FIRST_PAGE] });
  const hold = cache.listAt(key);
  release = cache.readList(key, hold);
  return hold;
}
const shown = () =>
  client.getQueryData<MissionPages>(KEY)?.pages.flatMap((page) => page.missions.map((m) => m.id));
const change = async (...missions: WireMission[]) => {
  for (const mission of missions) cache.gather(parse(mission));
  await vi.advanceTimersByTimeAsync(100);
};
const id = (mission: WireMission) => mission.mission_id;
const some = (count: number) => Array.from({ length: count }, () => wireMission());

beforeEach(() => {
  vi.useFakeTimers();
  client = new QueryClient();
  cache = new MissionCache(client);
});
afterEach(() => {
  release();
  client.clear();
});

describe('a list that is read', () => {
  it('takes new rows in by itself while its reader can follow', async () => {
    const [a, b] = [wireMission(), wireMission()];
    const hold = show([a]);
    await change(b);
    expect(shown()).toEqual([id(b), id(a)]);
    expect(hold.getWaiting().newCount).toBe(0);
  });

  it('keeps its rows where they are while it is held, and shows what waits when it is let go', async () => {
    const [a, b, c, d] = [wireMission(), wireMission(), wireMission(), wireMission()];
    const hold = show([a, c]);
    const letGo = hold.hold();
    await change(b, d, inProgress(a));
    expect(shown()).toEqual([id(c), id(a)]);
    expect(client.getQueryData<MissionPages>(KEY)?.pages[0]?.missions[1]?.status).toBe('IN_PROGRESS');
    expect(hold.getWaiting()).toEqual({ newCount: 2, isMore: false });
    await change(inProgress(d));
    expect(hold.getWaiting().newCount).toBe(1);
    const e = wireMission();
    await change(e);
    letGo();
    expect(shown()).toEqual([id(e), id(c), id(b)]);
    expect(hold.getWaiting().newCount).toBe(0);
  });

  it('gathers new rows that come too fast, until it is calm', async () => {
    const [a, ...many] = some(21) as [WireMission, ...WireMission[]];
    const hold = show([a]);
    await change(...many);
    expect(shown()).toEqual([id(a)]);
    expect(hold.getWaiting().newCount).toBe(20);
    cache.showNew(KEY);
    expect(shown()).toHaveLength(21);
    await change(...some(7));
    expect(hold.getWaiting().newCount).toBe(7);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(hold.getWaiting().newCount).toBe(0);
    expect(shown()).toHaveLength(28);
  });

  it('that never calms is renewed every 10 s, unless somebody touches the page', async () => {
    const hold = show(some(1));
    const pass = async (seconds: number, touch: boolean) => {
      for (let s = 0; s < seconds; s++) {
        if (touch) hold.touch();
        await change(...some(8));
        await vi.advanceTimersByTimeAsync(900);
      }
    };
    await pass(9, false);
    expect(shown()).toHaveLength(1);
    await pass(3, false);
    expect(shown()?.length).toBeGreaterThan(70);
    const before = shown()?.length;
    await pass(15, true);
    expect(shown()).toHaveLength(before as number);
  });

  it('begins anew when not all that is new was told', async () => {
    const hold = show(some(2));
    const letGo = hold.hold();
    hold.markBehind();
    expect(hold.getWaiting()).toEqual({ newCount: 0, isMore: true });
    letGo();
    expect(client.getQueryState(KEY)?.isInvalidated).toBe(true);
    expect(hold.getWaiting()).toEqual({ newCount: 0, isMore: false });
  });

  it('holds nothing back when nobody reads it', async () => {
    const hold = show(some(1));
    hold.hold();
    release();
    await change(...some(3));
    expect(shown()).toHaveLength(4);
  });
});
