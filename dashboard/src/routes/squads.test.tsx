import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { wireKeyLimit } from '@/test/factories/places';
import { wireSquad } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const squad = (name: string) => screen.findByRole('region', { name: `Squad ${name}` });
const button = (name: string) => screen.getByRole('button', { name });

describe('squads', () => {
  it('says in words how each is', async () => {
    renderApp('/squads', (c) => {
      c.squads = [
        wireSquad(),
        wireSquad({ name: 'gpu', soldiers: 0, slots: 0, ready: 7 }),
        wireSquad({ name: 'mail', paused: true }),
        wireSquad({ name: 'tight', limits: { max_running: 4, admitted: 4, waiting: 96 } }),
        wireSquad({ name: 'unknown', ready: undefined }),
      ];
    });
    expect(await squad('default')).toHaveTextContent('Served');
    const gpu = await squad('gpu');
    expect(gpu).toHaveTextContent('Unserved');
    expect(gpu).toHaveTextContent('Start one with SOLDIER_SQUADS=gpu');
    expect(await squad('mail')).toHaveTextContent('None of its missions starts until it is resumed');
    expect(await squad('tight')).toHaveTextContent('4 at once: 4 have a place, 96 wait');
    expect(await squad('unknown')).toHaveTextContent('not known now');
    expect(within(gpu).getByRole('link', { name: 'Missions of gpu' })).toHaveAttribute(
      'href',
      '/missions?squad=gpu',
    );
    expect(within(gpu).getByRole('link', { name: 'Soldiers of gpu' })).toHaveAttribute(
      'href',
      '/fleet?squad=gpu',
    );
  });

  it('tells how many missions each has, and leads to them', async () => {
    renderApp('/squads', (c) => {
      c.squads = [
        wireSquad({ scheduled: 3, queued: 1204, running: 32 }),
        wireSquad({ name: 'gpu', scheduled: undefined, queued: undefined, running: undefined }),
      ];
    });
    const card = within(await squad('default'));
    for (const [name, status] of [
      ['Queued 1,204 missions of default', 'QUEUED'],
      ['In progress 32 missions of default', 'IN_PROGRESS'],
      ['Scheduled 3 missions of default', 'SCHEDULED'],
    ] as const) {
      const href = card.getByRole('link', { name }).getAttribute('href') ?? '';
      expect(Object.fromEntries(new URL(href, 'http://x').searchParams)).toEqual({
        squad: 'default',
        status,
      });
    }
    const gpu = await squad('gpu');
    expect(gpu).toHaveTextContent('How many missions it has is not known now.');
    expect(within(gpu).queryByRole('link', { name: /Queued/ })).toBeNull();
  });

  it('sorts by the counts of the moment in which that was chosen', async () => {
    const names = () => screen.getAllByRole('region', { name: /^Squad / }).map((r) => r.id.slice(6));
    const { user, router, commander } = renderApp('/squads', (c) => {
      c.squads = [
        wireSquad({ queued: 5 }),
        wireSquad({ name: 'gpu', queued: 70 }),
        wireSquad({ name: 'lab', queued: undefined }),
      ];
    });
    await squad('gpu');
    expect(names()).toEqual(['default', 'gpu', 'lab']);
    await user.click(button('Most queued'));
    await waitFor(() => expect(names()).toEqual(['gpu', 'default', 'lab']));
    expect(router.state.location.search).toEqual({ sort: 'queued' });
    expect(button('Most queued')).toHaveAttribute('aria-pressed', 'true');

    commander.squads = commander.squads.map((s) => (s.name === 'default' ? { ...s, queued: 900 } : s));
    commander.send('squads', { squads: commander.squads, degraded: false });
    await screen.findByRole('link', { name: 'Queued 900 missions of default' });
    expect(names()).toEqual(['gpu', 'default', 'lab']);
    await user.click(button('Most queued'));
    await waitFor(() => expect(names()).toEqual(['default', 'gpu', 'lab']));
  });

  it('pauses after a question, resumes without one, and shows both at once', async () => {
    const { user, commander } = renderApp('/squads');
    const card = await squad('default');
    await user.click(button('Pause default'));
    expect(commander.count('POST')).toBe(0);
    await user.click(await screen.findByRole('button', { name: 'Pause it' }));
    await waitFor(() => expect(card).toHaveTextContent('Paused'));
    await user.click(await screen.findByRole('button', { name: 'Resume default' }));
    await waitFor(() => expect(card).toHaveTextContent('Served'));
  });

  it('sets and takes away a limit, checked as it is typed', async () => {
    const { user, commander } = renderApp('/squads');
    const card = await squad('default');
    await user.click(button('Limit default'));
    const field = await screen.findByRole('textbox', { name: 'At once' });
    await user.type(field, '0');
    expect(screen.getByText('A whole number from 1 to 10000')).toBeVisible();
    expect(button('Set limit')).toBeDisabled();
    await user.clear(field);
    await user.type(field, '4{Enter}');
    await waitFor(() => expect(card).toHaveTextContent('4 at once'));
    await user.click(button('Limit default'));
    await user.click(await screen.findByRole('button', { name: 'Remove the limit' }));
    await waitFor(() => expect(card).toHaveTextContent('any number at once'));
    expect(commander.log).toContain('DELETE /api/squads/default/limits');
  });

  it('removes only what nobody needs, and says why not', async () => {
    const { user, commander } = renderApp('/squads', (c) => {
      c.squads = [
        wireSquad(),
        wireSquad({ name: 'gpu', soldiers: 2 }),
        wireSquad({ name: 'late', soldiers: 0, scheduled: 1, queued: 1203 }),
        wireSquad({ name: 'old', soldiers: 0 }),
      ];
    });
    await squad('old');
    expect(button('Remove late')).toHaveAccessibleDescription('1,204 missions of it have not ended.');
    expect(button('Remove default')).toHaveAccessibleDescription('The squad default is always there.');
    expect(button('Remove gpu')).toHaveAccessibleDescription(/2 live soldiers serve it/);
    commander.failing['DELETE /squads/:id'] = () =>
      problem(409, 'squad_in_use', 'A mission of the squad is SCHEDULED.');
    await user.click(button('Remove old'));
    await user.click(await screen.findByRole('button', { name: 'Remove it' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('A mission of the squad is SCHEDULED.');
    commander.failing = {};
    await user.click(button('Remove it'));
    await waitFor(() => expect(screen.queryByRole('region', { name: 'Squad old' })).toBeNull());
  });

  it('says that they are read from memory', async () => {
    renderApp('/squads', (c) => {
      c.older = true; // it pushes no squads, so they are asked for
      c.degraded = true;
    });
    expect(await screen.findByText(/Read from the commander's memory/)).toBeVisible();
  });

  it('shows a failure as one, and tries again', async () => {
    const { user, commander } = renderApp('/squads', (c) => {
      c.older = true; // it pushes no squads, so they are asked for
      c.failing['GET /squads'] = () => problem(500, 'internal', 'It broke.');
    });
    expect(await screen.findByRole('heading', { name: "The squads can't be shown" })).toBeVisible();
    commander.failing = {};
    await user.click(button('Try again'));
    expect(await squad('default')).toBeVisible();
  });
});

describe('limits by key', () => {
  it('lists, sets, and removes them', async () => {
    const { user, commander } = renderApp('/squads', (c) => {
      c.limits = [wireKeyLimit({ rate: { starts: 5, period_seconds: 1 } })];
    });
    const row = (await screen.findByText('mail-provider')).closest('tr') as HTMLElement;
    expect(within(row).getByText('5 starts a second')).toBeInTheDocument();
    await user.click(button('Set a limit'));
    await user.type(await screen.findByRole('textbox', { name: 'Key' }), 'customer 42');
    await user.type(screen.getByRole('textbox', { name: 'At once' }), '3');
    await user.type(screen.getByRole('textbox', { name: 'Starts (optional)' }), '10');
    expect(button('Set limit')).toBeDisabled();
    await user.type(screen.getByRole('textbox', { name: 'in so many seconds' }), '60');
    await user.click(button('Set limit'));
    expect(await screen.findByText('customer 42')).toBeVisible();
    expect(commander.log).toContain('PUT /api/limits/customer%2042');
    expect(screen.getByText('10 starts in 1 min')).toBeInTheDocument();
    await user.click(button('Remove mail-provider'));
    await user.click(await screen.findByRole('button', { name: 'Remove it' }));
    await waitFor(() => expect(screen.queryByText('mail-provider')).toBeNull());
  });

  it('says why none can be set', async () => {
    const { user } = renderApp('/squads', (c) => {
      c.failing['PUT /limits/:id'] = () => problem(409, 'limits_full', 'There are 1,000 limits already.');
    });
    expect(await screen.findByText('No key has a limit of its own.')).toBeVisible();
    await user.click(button('Set a limit'));
    await user.type(await screen.findByRole('textbox', { name: 'Key' }), 'k');
    await user.type(screen.getByRole('textbox', { name: 'At once' }), '3{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('(limits_full)');
  });
});
