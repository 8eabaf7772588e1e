import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { inProgress } from '@/test/factories/mission';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';
import { payloadFault } from './new-mission-form';

// A field with suggestions (Kind) is a combobox.
const field = (name: string) => screen.findByRole(name === 'Kind' ? 'combobox' : 'textbox', { name });

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
    expect(await screen.findByText(/Not valid JSON/)).toBeVisible();
    await user.clear(await field('Kind'));
    await user.type(await field('Kind'), 'No Way');
    expect(await screen.findByText(/Lower-case letters/)).toBeVisible();
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
