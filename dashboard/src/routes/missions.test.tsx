import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { completed, failed, inProgress, unserved, wireMission } from '@/test/factories/mission';
import { redisAway, wireStats } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const rowOf = async (name: string) =>
  (await screen.findByRole('link', { name })).closest('tr') as HTMLElement;

const names = () => [...document.querySelectorAll('[data-mission-id] a')].map((link) => link.textContent);

/** jsdom scrolls nothing by itself. */
function scrollTo(y: number) {
  vi.spyOn(window, 'scrollY', 'get').mockReturnValue(y);
  fireEvent.scroll(window);
}

describe('the missions page', () => {
  it('lists missions with what matters about each', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [
        failed(inProgress(wireMission({ name: 'Failing' }))),
        unserved(wireMission({ name: 'Waiting', kind: 'transcode' })),
        inProgress(wireMission({ name: 'Running' }), { progress: 40 }),
      ];
    });
    expect(within(await rowOf('Failing')).getByText('Failed')).toHaveAttribute('data-status', 'FAILED');
    expect(within(await rowOf('Failing')).getAllByText('8.5 s')[0]).toBeVisible();
    expect(within(await rowOf('Waiting')).getByText('no soldier serves the kind transcode')).toBeVisible();
    expect(within(await rowOf('Running')).getByText('40 %')).toBeVisible();
    expect(commander.count('GET /api/missions?')).toBe(1);
  });

  it('follows the stream without asking again', async () => {
    const first = wireMission({ name: 'First' });
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [first];
    });
    await rowOf('First');
    commander.change(inProgress(first));
    await waitFor(async () => expect(within(await rowOf('First')).getByText('In progress')).toBeVisible());
    commander.change(wireMission({ name: 'Second' }));
    await rowOf('Second');
    expect(screen.getAllByRole('row').map((row) => within(row).queryByRole('link')?.textContent)).toEqual([
      undefined,
      'Second',
      'First',
    ]);
    commander.tell(first); // an old version comes late
    commander.change(completed(inProgress(first)));
    await waitFor(async () => expect(within(await rowOf('First')).getByText('Completed')).toBeVisible());
    expect(commander.count('GET /api/missions')).toBe(1);
    expect(commander.count('GET /api/events')).toBe(1);
    // The stream brought these before they were asked for.
    expect(commander.count('GET /api/stats')).toBe(0);
    expect(commander.count('GET /api/soldiers')).toBe(0);
    expect(commander.count('GET /api/health')).toBe(0);
  });

  it('filters by address, and rows leave when they no longer match', async () => {
    const waiting = wireMission({ name: 'Waiting' });
    const { commander, router, user } = renderApp('/missions?status=QUEUED', (c) => {
      c.missions = [waiting, completed(wireMission({ name: 'Done' }))];
      c.stats = wireStats({ QUEUED: 1, COMPLETED: 1 });
    });
    await rowOf('Waiting');
    expect(screen.queryByRole('link', { name: 'Done' })).not.toBeInTheDocument();
    expect(await screen.findByRole('button', { name: 'Queued 1' })).toHaveAttribute('aria-pressed', 'true');
    commander.change(inProgress(waiting));
    expect(await screen.findByRole('heading', { name: 'No mission matches now' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Completed 1' }));
    await rowOf('Done');
    expect(router.state.location.search).toEqual({ status: 'COMPLETED' });
    await user.type(screen.getByRole('combobox', { name: 'Kind' }), 'thumbnail');
    expect(await screen.findByRole('heading', { name: 'No mission matches now' })).toBeVisible();
    expect(router.state.location.search).toEqual({ status: 'COMPLETED', kind: 'thumbnail' });
    commander.send('stats', wireStats({ QUEUED: 0, COMPLETED: 17 }));
    expect(await screen.findByRole('button', { name: 'Completed 17' })).toBeVisible();
  });

  it('loads older missions on demand', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.pageSize = 12;
      c.missions = Array.from({ length: 20 }, (_, i) => wireMission({ name: `Old ${i}` }));
    });
    await rowOf('Old 19');
    expect(screen.queryByRole('link', { name: 'Old 3' })).not.toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Older missions' }));
    await rowOf('Old 3');
    expect(screen.queryByRole('button', { name: 'Older missions' })).not.toBeInTheDocument();
    expect(commander.count('GET /api/missions?')).toBe(2);
  });

  it('says that an error is an error, and recovers', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'There' })];
      c.failing['GET /missions'] = () => problem(500, 'internal', 'Something broke in the commander.');
    });
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('Something broke in the commander.');
    expect(alert).toHaveTextContent('internal');
    expect(screen.queryByText(/No missions/)).not.toBeInTheDocument();
    commander.failing = {};
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await rowOf('There');
  });

  it('says that nothing is there', async () => {
    renderApp('/missions');
    expect(await screen.findByRole('heading', { name: 'No missions yet' })).toBeVisible();
  });

  it('refuses an answer that it does not understand', async () => {
    renderApp('/missions', (c) => {
      c.failing['GET /missions'] = () => Response.json({ missions: [{ id: 1 }] });
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('unexpected_answer');
  });

  it('shows what the list is narrowed by, to be taken away part by part', async () => {
    const { router, user } = renderApp('/missions?status=FAILED&label=team%3Ablue', (c) => {
      c.missions = [
        failed(wireMission({ name: 'Blue', labels: { team: 'blue' } })),
        failed(wireMission({ name: 'Red', labels: { team: 'red' } })),
        wireMission({ name: 'Blue and queued', labels: { team: 'blue' } }),
      ];
    });
    await rowOf('Blue');
    expect(names()).toEqual(['Blue']);
    await user.click(screen.getByRole('button', { name: 'Remove the filter label team:blue' }));
    await rowOf('Red');
    expect(router.state.location.search).toEqual({ status: 'FAILED' });
    await user.click(screen.getByRole('button', { name: 'Clear all' }));
    await rowOf('Blue and queued');
    expect(router.state.location.search).toEqual({});
    router.history.back();
    await waitFor(() => expect(names()).toEqual(['Red', 'Blue']));
    router.history.back();
    await waitFor(() => expect(names()).toEqual(['Blue']));
  });

  it('says that a name was looked for among the newest alone', async () => {
    const { user } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'recon 7' }), wireMission({ name: 'sync' })];
      c.searched = 10_000;
    });
    await rowOf('sync');
    await user.type(screen.getByRole('textbox', { name: 'Name or id' }), 'recon');
    expect(await screen.findByText(/Only the newest 10,000 missions were searched/)).toBeVisible();
    expect(names()).toEqual(['recon 7']);
    expect(screen.getByRole('link', { name: 'Export' })).toHaveAttribute(
      'href',
      '/api/missions/export?q=recon',
    );
  });

  it('draws only the rows near the window, and says where each stands', async () => {
    renderApp('/missions', (c) => {
      c.pageSize = 100;
      c.missions = Array.from({ length: 300 }, (_, i) => wireMission({ name: `Many ${i}` }));
    });
    expect(await rowOf('Many 299')).toHaveAttribute('aria-rowindex', '2');
    expect(names().length).toBeLessThan(40);
    expect(screen.getByRole('table', { name: 'Missions' })).toHaveAttribute('aria-rowcount', '-1');
  });

  it('chooses rows by keys and by ranges, and retries them one by one', async () => {
    const gone = failed(wireMission({ name: 'Gone', deadline_at: '2020-01-01T00:00:00Z' }));
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = [
        gone,
        failed(wireMission({ name: 'First' })),
        failed(wireMission({ name: 'Second' })),
        completed(wireMission({ name: 'Done' })),
      ];
    });
    await rowOf('Done');
    await user.keyboard('j');
    expect(screen.getByRole('link', { name: 'Done' })).toHaveFocus();
    await user.keyboard('xjjj');
    expect(screen.getByRole('link', { name: 'Gone' })).toHaveFocus();
    await user.keyboard('X');
    const bar = screen.getByRole('region', { name: 'Selected missions' });
    expect(within(bar).getByRole('status')).toHaveTextContent('4 selected');
    expect(screen.getByRole('checkbox', { name: 'Select Second' })).toBeChecked();
    expect(within(bar).getByRole('button', { name: 'Cancel' })).toHaveAttribute('aria-disabled', 'true');
    // The commander refuses one of them, and not what is chosen but its own state decides.
    commander.missions = commander.missions.map((m) => (m === gone ? completed(gone) : m));
    await user.keyboard('r');
    expect(await screen.findByText(/2 missions retried, 1 not:/)).toBeVisible();
    expect(screen.getByText(/The mission is COMPLETED\./)).toBeVisible();
    expect(commander.count('POST /api/missions/')).toBe(3);
    expect(screen.getByRole('checkbox', { name: 'Select First' })).not.toBeChecked();
  });

  it('chooses a range with shift, and asks before it purges', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = ['C', 'B', 'A'].map((name) => completed(wireMission({ name })));
    });
    await rowOf('A');
    await user.click(screen.getByRole('checkbox', { name: 'Select A' }));
    await user.keyboard('{Shift>}');
    await user.click(screen.getByRole('checkbox', { name: 'Select B' }));
    await user.keyboard('{/Shift}');
    await user.click(screen.getByRole('button', { name: 'Purge' }));
    const dialog = await screen.findByRole('dialog', { name: 'Purge 2 missions?' });
    expect(commander.count('DELETE')).toBe(0);
    await user.click(within(dialog).getByRole('button', { name: 'Yes, purge them' }));
    await waitFor(() => expect(names()).toEqual(['C']));
    expect(commander.count('DELETE /api/missions/')).toBe(2);
  });

  it('holds new missions back from a reader who is further down', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Old' })];
    });
    await rowOf('Old');
    scrollTo(500);
    commander.change(wireMission({ name: 'New' }));
    const button = await screen.findByRole('button', { name: '1 new' });
    expect(names()).toEqual(['Old']);
    await user.click(button);
    await rowOf('New');
    expect(screen.queryByRole('button', { name: '1 new' })).not.toBeInTheDocument();
  });

  it('says what to set where it is not allowed', async () => {
    renderApp('/missions', (c) => {
      c.failing['GET /missions'] = () => problem(401, 'unauthorized', 'This commander asks for its API key.');
    });
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveAttribute('data-state', 'not-allowed');
    expect(alert).toHaveTextContent('COMMANDER_API_KEY');
  });

  it('tells what comes from memory, and reads anew when Redis is back', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Remembered' })];
      c.health = redisAway();
      c.degraded = true;
    });
    expect(await screen.findByText(/Older missions may be missing here/)).toBeVisible();
    expect(screen.getByText('Redis is away.')).toBeVisible();
    expect(screen.getByRole('link', { name: 'System health: Degraded' })).toBeVisible();
    commander.degraded = false;
    commander.send('health', {
      status: 'ok',
      ground: 'local',
      version: 'v',
      checks: { redis: { status: 'up', latency_ms: 1 } },
    });
    await waitFor(() => expect(screen.queryByText(/Older missions may be missing/)).not.toBeInTheDocument());
    expect(screen.queryByText('Redis is away.')).not.toBeInTheDocument();
    expect(commander.count('GET /api/missions?')).toBe(2);
  });
});
