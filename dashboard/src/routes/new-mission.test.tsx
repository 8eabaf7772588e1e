import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { afterEach, describe, expect, it } from 'vitest';
import { payloadFault } from '@/services/payload';
import { inProgress, wireMission } from '@/test/factories/mission';
import { wireSoldier, wireSquad } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

// A field with suggestions (Kind) is a combobox.
const field = (name: string) =>
  screen.findByRole(['Kind', 'Squad'].includes(name) ? 'combobox' : 'textbox', { name });

afterEach(() => sessionStorage.clear());

describe('the form for a new mission', () => {
  it('orders a mission and shows it at once as queued, then follows it', async () => {
    const { commander, router, user } = renderApp('/missions/new');
    await user.type(await field('Name'), 'Recon');
    await user.clear(await field('Payload'));
    await user.click(await field('Payload'));
    await user.paste('{"seed": 7}');
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    expect(await screen.findByRole('heading', { name: 'Recon' })).toBeVisible();
    expect(document.querySelector('article .mission-state [data-status]')).toHaveAttribute(
      'data-status',
      'QUEUED',
    );
    expect(commander.orders[0]?.body).toEqual({
      name: 'Recon',
      kind: 'simulate',
      payload: { seed: 7 },
      timeout_seconds: 300,
    });
    expect(router.state.location.pathname).toBe(`/missions/${commander.missions[0]?.mission_id}`);
    const [mission] = commander.missions;
    if (mission) commander.change(inProgress(mission));
    await waitFor(() =>
      expect(document.querySelector('article .mission-state [data-status]')).toHaveAttribute(
        'data-status',
        'IN_PROGRESS',
      ),
    );
  });

  it('checks as one types', async () => {
    const { commander, user } = renderApp('/missions/new');
    await user.type(await field('Payload'), 'x');
    expect(
      await screen.findByText('Not valid JSON, line 1, column 3: Nothing may follow here, but "x" does'),
    ).toBeVisible();
    await user.clear(await field('Kind'));
    await user.type(await field('Kind'), 'No Way');
    expect(await screen.findByText(/Lower-case letters/)).toBeVisible();
    await user.click(screen.getByText('Options'));
    await user.clear(await field('Timeout in seconds'));
    await user.type(await field('Timeout in seconds'), '86401');
    expect(await screen.findByText('From 1 to 86400 seconds')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    expect(await screen.findByText('Give the mission a name')).toBeVisible();
    expect(commander.orders).toHaveLength(0);
  });

  it("puts the commander's refusal beside the field", async () => {
    const { user } = renderApp('/missions/new', (c) => {
      c.failing['POST /missions'] = () =>
        problem(422, 'invalid', 'The mission is outside the limits.', [
          { field: 'payload.min_seconds', code: 'invalid', message: 'must be 0 to 86400' },
        ]);
    });
    await user.type(await field('Name'), 'Recon');
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    expect(await screen.findByText('payload.min_seconds: must be 0 to 86400')).toBeVisible();
    expect(screen.getByText(/The mission was not created/)).toBeVisible();
    expect(await field('Name')).toHaveValue('Recon');
  });

  it('repeats a try that got no answer with the same key, and a changed order with another', async () => {
    const { commander, user } = renderApp('/missions/new', (c) => {
      c.failing['POST /missions'] = () => problem(503, 'store_unavailable', 'Redis is away.');
    });
    const keys: (string | null)[] = [];
    commander.failing['POST /missions'] = () => {
      return problem(503, 'store_unavailable', 'Redis is away.');
    };
    const submit = () => user.click(screen.getByRole('button', { name: 'Create mission' }));
    await user.type(await field('Name'), 'Recon');
    const { server } = await import('@/test/server');
    server.events.on('request:start', ({ request }) => {
      if (request.method === 'POST') keys.push(request.headers.get('Idempotency-Key'));
    });
    await submit();
    expect(await screen.findByText(/No second mission will be made/)).toBeVisible();
    await submit();
    await waitFor(() => expect(keys).toHaveLength(2));
    await user.type(await field('Name'), ' two');
    commander.failing = {};
    await submit();
    expect(await screen.findByRole('heading', { name: 'Recon two' })).toBeVisible();
    server.events.removeAllListeners();
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it('orders with all options', async () => {
    const { commander, user } = renderApp('/missions/new');
    // At once, not key by key: there are many fields.
    const fill = async (name: string, value: string) =>
      fireEvent.change(await field(name), { target: { value } });
    await fill('Name', 'Recon');
    await fill('Squad', 'gpu');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Priority' }), 'High: goes before others');
    fireEvent.change(screen.getByRole('spinbutton', { name: 'Seed' }), { target: { value: '7' } });
    await user.click(screen.getByText('Options'));
    await user.click(screen.getByRole('button', { name: 'Add a label' }));
    await fill('Key of label 1', 'team');
    await fill('Value of label 1', 'blue');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Start' }), 'After a while');
    await fill('Start after', '15m');
    await user.selectOptions(screen.getByRole('combobox', { name: 'Deadline' }), 'After a while');
    await fill('Deadline after', '1d');
    await fill('Attempts', '3');
    await fill('First wait', '30s');
    await fill('Concurrency key', 'customer-42');
    await fill('Unique key', 'nightly');
    await waitFor(() =>
      expect(screen.getByRole('region', { name: 'The order for curl' })).toHaveTextContent(
        '"unique_key":"nightly"',
      ),
    );
    await user.click(screen.getByRole('button', { name: 'missionctl' }));
    expect(screen.getByRole('region', { name: 'The order for missionctl' })).toHaveTextContent(
      '--deadline 86400s',
    );
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    await waitFor(() => expect(commander.orders).toHaveLength(1));
    expect(commander.orders[0]?.body).toEqual({
      name: 'Recon',
      kind: 'simulate',
      payload: { seed: 7 },
      priority: 'high',
      squad: 'gpu',
      labels: { team: 'blue' },
      timeout_seconds: 300,
      max_attempts: 3,
      retry: { delay_seconds: 30, factor: 2, max_delay_seconds: 600 },
      delay_seconds: 900,
      deadline_seconds: 86_400,
      concurrency_key: 'customer-42',
      unique_key: 'nightly',
    });
  });

  it('takes a start time on the clock that the app shows', async () => {
    localStorage.setItem('mission-control.zone', 'utc');
    const { commander, user } = renderApp('/missions/new');
    await user.type(await field('Name'), 'Recon');
    await user.click(screen.getByText('Options'));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Start' }), 'At a time');
    fireEvent.change(screen.getByLabelText('Start time (UTC)'), { target: { value: '2030-07-01T12:30:00' } });
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    await waitFor(() => expect(commander.orders[0]?.body.run_at).toBe('2030-07-01T12:30:00.000Z'));
    localStorage.removeItem('mission-control.zone');
  });

  it('warns of what nobody serves, and of a paused squad', async () => {
    const { user } = renderApp('/missions/new', (c) => {
      c.soldiers = [
        wireSoldier({ kinds: ['simulate'], squads: ['default'] }),
        wireSoldier({ soldier_id: 'gpu-1', kinds: ['render'], squads: ['gpu'] }),
      ];
      c.squads = [wireSquad({ name: 'default', paused: true }), wireSquad({ name: 'gpu' })];
    });
    expect(await screen.findByText(/The squad default is paused/)).toBeVisible();
    await user.clear(await field('Squad'));
    await user.type(await field('Squad'), 'gpu');
    expect(await screen.findByText(/No soldier of the squad gpu serves this kind now/)).toBeVisible();
    expect(screen.queryByText(/is paused/)).not.toBeInTheDocument();
    await user.type(await field('Squad'), 's');
    expect(await screen.findByText(/No soldier serves the squad gpus now/)).toBeVisible();
    await user.type(await field('Kind'), 'x');
    expect(await screen.findByText(/No soldier serves this kind now/)).toBeVisible();
  });

  it('begins with a copy, and says what is not copied', async () => {
    const mission = wireMission({
      name: 'Nightly',
      kind: 'report',
      payload: { day: 1 },
      labels: { team: 'blue', schedule: 'nightly' },
      unique_key: 'nightly',
      deadline_at: '2030-01-01T00:00:00.000Z',
      max_attempts: 4,
      retry: { delay_seconds: 60, factor: 3, max_delay_seconds: 7_200 },
    });
    const { commander, user } = renderApp(`/missions/new?clone=${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    expect(await field('Name')).toHaveValue('Nightly');
    expect(screen.getByText(/Its deadline/)).toBeVisible();
    expect(screen.getByText(/Its label schedule/)).toBeVisible();
    expect(screen.getByText(/Its unique key/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    await waitFor(() => expect(commander.orders).toHaveLength(1));
    expect(commander.orders[0]?.body).toEqual({
      name: 'Nightly',
      kind: 'report',
      payload: { day: 1 },
      labels: { team: 'blue' },
      timeout_seconds: 300,
      max_attempts: 4,
      retry: { delay_seconds: 60, factor: 3, max_delay_seconds: 7_200 },
    });
  });

  it('says when there is nothing to clone', async () => {
    renderApp('/missions/new?clone=0193a5b0-7c1e-7d7a-9c3b-ffffffffffff');
    expect(await screen.findByRole('heading', { name: 'There is no mission to clone' })).toBeVisible();
  });

  it('leads to the mission that holds the unique key', async () => {
    const holder = wireMission({ name: 'Holder' });
    const { user } = renderApp('/missions/new', (c) => {
      c.failing['POST /missions'] = () =>
        HttpResponse.json(
          { status: 409, code: 'unique_key_taken', detail: 'It is taken.', mission_id: holder.mission_id },
          { status: 409 },
        );
    });
    await user.type(await field('Name'), 'Recon');
    await user.click(screen.getByText('Options'));
    await user.type(await field('Unique key'), 'nightly');
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    expect(await screen.findByRole('link', { name: 'The mission that has the key' })).toHaveAttribute(
      'href',
      `/missions/${holder.mission_id}`,
    );
    expect(screen.getByText('Another mission has it')).toBeVisible();
  });

  it('lets RabbitMQ keep an order while Redis is away, when asked to', async () => {
    const { commander, user } = renderApp('/missions/new', (c) => {
      c.redisAway = true;
    });
    await user.type(await field('Name'), 'Recon');
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    await user.click(await screen.findByRole('button', { name: 'Let RabbitMQ keep it' }));
    expect(await screen.findByText(/RabbitMQ keeps this mission/)).toBeVisible();
    expect(screen.queryByRole('heading', { name: 'Timeline' })).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Cancel mission' })).toHaveAttribute('aria-disabled', 'true');
    expect(commander.orders.map((order) => order.key === null)).toEqual([false, true]);
  });

  it('keeps the draft over a reload, until it is ordered or begun anew', async () => {
    const first = renderApp('/missions/new');
    await first.user.type(await field('Name'), 'Half a na');
    await waitFor(() => expect(sessionStorage.getItem('mission-control.new-mission')).toContain('Half a na'));
    cleanup();
    const { user } = renderApp('/missions/new');
    expect(await field('Name')).toHaveValue('Half a na');
    await user.click(screen.getByRole('button', { name: 'Start anew' }));
    expect(await field('Name')).toHaveValue('');
    expect(sessionStorage.getItem('mission-control.new-mission')).toBeNull();
  });

  it('stays for another one when asked to', async () => {
    const { commander, router, user } = renderApp('/missions/new');
    await user.type(await field('Name'), 'Recon');
    await user.click(screen.getByRole('checkbox', { name: 'Stay here and create another' }));
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    expect(await screen.findByRole('link', { name: 'Recon' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Create mission' }));
    await waitFor(() => expect(commander.orders).toHaveLength(2));
    expect(commander.orders[1]?.key).not.toBe(commander.orders[0]?.key);
    expect(router.state.location.pathname).toBe('/missions/new');
  });
});

describe('payloadFault', () => {
  it.each(['{}', '{"a":[1,2]}', ' {"a":null}\n'])('takes %s', (text) =>
    expect(payloadFault(text)).toBeUndefined(),
  );
  it.each(['', '[]', '1', 'null', '"x"', '{', '{"a":1,}'])('refuses %s', (text) =>
    expect(payloadFault(text)).toBeTruthy(),
  );
  it('refuses what is too large', () => {
    expect(payloadFault(JSON.stringify({ a: 'é'.repeat(131_072) }))).toBe('At most 256 KiB');
  });
});
