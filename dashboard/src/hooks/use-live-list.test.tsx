import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { LiveCache } from '@/live/live-cache';
import { LiveProvider } from '@/live/live-context';
import { newQueryClient } from '@/services/query-client';
import { inProgress, wireMission } from '@/test/factories/mission';
import { FakeCommander } from '@/test/fake-commander';
import { server } from '@/test/server';
import { useLiveList } from './use-live-list';
import { useMissions } from './use-queries';

function List() {
  const [chosen, setChosen] = useState(false);
  const filter = { status: 'QUEUED' } as const;
  const list = useMissions(filter);
  const { newCount, showNew, isGone } = useLiveList(filter, chosen);
  return (
    <>
      <button type="button" onClick={() => setChosen(!chosen)}>
        choose
      </button>
      {newCount > 0 && (
        <button type="button" onClick={showNew}>
          {newCount} new
        </button>
      )}
      <ul>
        {list.data?.pages
          .flatMap((page) => page.missions)
          .map((mission) => (
            <li key={mission.id}>
              {mission.name}
              {isGone(mission) && ' (gone)'}
            </li>
          ))}
      </ul>
    </>
  );
}

function show(fill: (commander: FakeCommander) => void) {
  const commander = new FakeCommander();
  fill(commander);
  server.use(...commander.handlers());
  const client = newQueryClient();
  const live = new LiveCache(client);
  live.start();
  onTestFinished(() => {
    live.stop();
    client.clear();
  });
  render(
    <QueryClientProvider client={client}>
      <LiveProvider value={live}>
        <List />
      </LiveProvider>
    </QueryClientProvider>,
  );
  return { commander, user: userEvent.setup() };
}

const rows = () => screen.queryAllByRole('listitem').map((row) => row.textContent);
const scrollTo = (y: number) =>
  act(() => {
    Object.defineProperty(window, 'scrollY', { value: y, configurable: true });
    window.dispatchEvent(new Event('scroll'));
  });
afterEach(() => scrollTo(0));

describe('a live list', () => {
  it('holds still below the top, and moves when the reader is back there', async () => {
    const [a, b] = [wireMission({ name: 'A' }), wireMission({ name: 'B' })];
    const { commander } = show((c) => {
      c.missions = [b, a];
    });
    await waitFor(() => expect(rows()).toEqual(['B', 'A']));
    scrollTo(500);
    commander.change(wireMission({ name: 'C' }));
    commander.change(inProgress(a));
    await screen.findByRole('button', { name: '1 new' });
    expect(rows()).toEqual(['B', 'A (gone)']);
    scrollTo(0);
    expect(rows()).toEqual(['C', 'B']);
    expect(screen.queryByRole('button', { name: '1 new' })).not.toBeInTheDocument();
    commander.change(wireMission({ name: 'D' }));
    await waitFor(() => expect(rows()).toEqual(['D', 'C', 'B']));
    expect(commander.count('GET /api/missions?')).toBe(1);
  });

  it('holds still while rows are chosen, and shows what is new when asked to', async () => {
    const { commander, user } = show((c) => {
      c.missions = [wireMission({ name: 'A' })];
    });
    await waitFor(() => expect(rows()).toEqual(['A']));
    await user.click(screen.getByRole('button', { name: 'choose' }));
    commander.change(wireMission({ name: 'B' }));
    await user.click(await screen.findByRole('button', { name: '1 new' }));
    expect(rows()).toEqual(['B', 'A']);
    commander.change(wireMission({ name: 'C' }));
    await screen.findByRole('button', { name: '1 new' });
    expect(rows()).toEqual(['B', 'A']);
  });

  it('is brought up to date in place when more changed than is told', async () => {
    const a = wireMission({ name: 'A' });
    const { commander } = show((c) => {
      c.missions = [a];
    });
    await waitFor(() => expect(rows()).toEqual(['A']));
    scrollTo(500);
    commander.missions = [wireMission({ name: 'Untold' }), { ...a, name: 'A again', version: a.version + 1 }];
    commander.send('more', { missions: 2 });
    await screen.findByRole('button', { name: '1 new' });
    expect(rows()).toEqual(['A again']);
  });
});
