import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { healthy, redisAway, wireSoldier } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const rowOf = (name: string) => screen.getByText(name).closest('tr') as HTMLElement;
const names = () =>
  within(screen.getByRole('table', { name: 'Soldiers' }))
    .getAllByRole('row')
    .slice(1)
    .map((row) => row.getAttribute('data-soldier-id'));
const running = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    mission_id: `0193a5b0-7c1e-7d7a-9c3b-${String(i).padStart(12, '0')}`,
    execution: 'x',
  }));

describe('the fleet', () => {
  it('tells live, silent, draining and dead apart, and says what became of a dead one', async () => {
    renderApp('/fleet', (c) => {
      c.soldiers = [
        wireSoldier({ soldier_id: 'alpha', running: running(2) }),
        wireSoldier({ soldier_id: 'bravo', last_seen_at: new Date(Date.now() - 60_000).toISOString() }),
        wireSoldier({ soldier_id: 'charlie', draining: true }),
        wireSoldier({ soldier_id: 'delta', state: 'dead' }),
      ];
    });
    expect(await screen.findByText('3 soldiers live, 2 of 48 slots in use')).toBeVisible();
    expect(within(rowOf('alpha')).getByText('Live')).toBeVisible();
    expect(within(rowOf('bravo')).getByText(/^Silent/)).toBeVisible();
    expect(within(rowOf('charlie')).getByText('Draining')).toBeVisible();
    expect(within(rowOf('delta')).getByText('Dead')).toBeVisible();
    expect(rowOf('delta')).toHaveTextContent('runs again elsewhere');
  });

  it('takes no soldier for silent because the clock of this computer is wrong, and says that it is', async () => {
    const slow = 180_000;
    const { commander } = renderApp('/fleet', (c) => {
      c.clockAhead = -slow;
      c.soldiers = [wireSoldier({ last_seen_at: new Date(Date.now() - slow).toISOString() })];
    });
    const banner = await screen.findByText("This computer's clock is 3 min ahead of the commander's.");
    expect(await screen.findByText('Live', { selector: '.status' })).toBeVisible();
    expect(screen.queryByText(/^Silent/)).not.toBeInTheDocument();
    commander.clockAhead = 0;
    commander.hangUp(); // the next connection tells the time
    await waitFor(() => expect(banner).not.toBeInTheDocument(), { timeout: 5_000 });
  });

  it('takes no soldier for silent because Redis is away, where it would be written down who was heard', async () => {
    const { commander } = renderApp('/fleet', (c) => {
      const at = (ago: number) => new Date(Date.now() - ago).toISOString();
      c.health = redisAway();
      c.health.checks.redis.since = at(120_000);
      c.soldiers = [
        wireSoldier({ soldier_id: 'alpha', last_seen_at: at(140_000) }),
        wireSoldier({ soldier_id: 'bravo', last_seen_at: at(170_000) }),
      ];
    });
    await waitFor(() => expect(within(rowOf('alpha')).getByText(/^Live 2 min( \d+ s)? ago$/)).toBeVisible());
    expect(within(rowOf('bravo')).getByText('Silent 50 s')).toBeVisible(); // it was already
    commander.send('health', healthy());
    expect(await within(rowOf('alpha')).findByText(/^Silent 2 min/)).toBeVisible();
  });

  it('marks versions that differ from the rest', async () => {
    renderApp('/fleet', (c) => {
      c.soldiers = [
        wireSoldier({ soldier_id: 'alpha' }),
        wireSoldier({ soldier_id: 'bravo' }),
        wireSoldier({ soldier_id: 'charlie', version: 'v0.2.0' }),
      ];
    });
    expect(await screen.findByText(/2 versions are live: v0.1.0 \(2\), v0.2.0 \(1\)/)).toBeVisible();
    expect(within(rowOf('charlie')).getByRole('img', { name: 'Another version than most' })).toBeVisible();
    expect(within(rowOf('alpha')).queryByRole('img')).toBeNull();
  });

  it('folds many running missions away', async () => {
    const { user } = renderApp('/fleet', (c) => {
      c.soldiers = [wireSoldier({ running: running(9) })];
    });
    await screen.findByText('1 soldier live, 9 of 16 slots in use');
    const more = screen.getAllByRole('button', { name: 'and 3 more' })[0] as HTMLElement;
    expect(screen.queryByText('…00000008')).toBeNull();
    await user.click(more);
    expect(screen.getByText('…00000008')).toBeVisible();
  });

  it('keeps name, live only and order in the address', async () => {
    const { user, router } = renderApp('/fleet?sort=name&down=true', (c) => {
      c.soldiers = [
        wireSoldier({ soldier_id: 'soldier-2' }),
        wireSoldier({ soldier_id: 'soldier-10' }),
        wireSoldier({ soldier_id: 'other', state: 'dead' }),
      ];
    });
    await screen.findByText('soldier-2');
    expect(names()).toEqual(['soldier-10', 'soldier-2', 'other']);
    await user.click(screen.getByRole('button', { name: 'State' }));
    await waitFor(() => expect(names()).toEqual(['soldier-2', 'soldier-10', 'other']));
    await user.click(screen.getByRole('checkbox', { name: 'Live only' }));
    await waitFor(() => expect(names()).toEqual(['soldier-2', 'soldier-10']));
    await user.type(screen.getByRole('textbox', { name: 'Name of a soldier' }), '10');
    await waitFor(() => expect(names()).toEqual(['soldier-10']));
    expect(router.state.location.search).toEqual({ sort: 'state', live: true, q: '10' });
    await user.type(screen.getByRole('textbox', { name: 'Name of a soldier' }), '99');
    expect(await screen.findByRole('heading', { name: 'No soldier matches now' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    await waitFor(() => expect(names()).toHaveLength(3));
  });

  it('drains a soldier once it was asked, and shows it at once', async () => {
    const { user, commander } = renderApp('/fleet', (c) => {
      c.soldiers = [wireSoldier({ soldier_id: 'alpha', running: running(2) })];
    });
    await user.click(await screen.findByRole('button', { name: 'Drain alpha' }));
    const dialog = await screen.findByRole('dialog', { name: 'Drain alpha?' });
    expect(dialog).toHaveTextContent('finishes what it runs (2 now)');
    expect(commander.count('POST')).toBe(0);
    await user.click(within(dialog).getByRole('button', { name: 'Drain it' }));
    expect(await screen.findByText('Draining')).toBeVisible();
    expect(commander.log).toContain('POST /api/soldiers/alpha/drain');
    expect(screen.getByRole('button', { name: 'Drain alpha' })).toHaveAccessibleDescription(
      'It is draining already.',
    );
  });

  it('says why a drain failed, and keeps the question open', async () => {
    const { user, commander } = renderApp('/fleet');
    commander.failing['POST /soldiers/:id/drain'] = () =>
      problem(404, 'not_found', 'No soldier of that name lives.');
    await user.click(await screen.findByRole('button', { name: 'Drain soldier-1' }));
    await user.click(await screen.findByRole('button', { name: 'Drain it' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('No soldier of that name lives. (not_found)');
  });

  it('says how to start a soldier where there is none', async () => {
    renderApp('/fleet', (c) => {
      c.soldiers = [];
    });
    expect(await screen.findByRole('heading', { name: 'No soldiers' })).toBeVisible();
    expect(screen.getByText('missionctl up --soldiers 3')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Copy: With compose' })).toBeVisible();
  });
});
