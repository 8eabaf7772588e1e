import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { wireAttention, wireStats } from '@/test/factories/system';
import { wireFailure, wireItem, wireStep, wireSteps } from '@/test/factories/trends';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

// jsdom has no canvas: what is drawn is looked at in a browser.
vi.mock('@/components/overview/plot-canvas', () => ({ default: () => null }));

const attention = () => screen.findByRole('region', { name: 'What needs attention' });

describe('the overview', () => {
  it('says what needs attention, why, what to do, and where', async () => {
    renderApp('/', (c) => {
      c.attention = wireAttention([
        wireItem({
          detail: '12 missions wait for it.',
          advice: 'Start a soldier that serves squad mail.',
          squad: 'mail',
          since: new Date(Date.now() - 60_000).toISOString(),
        }),
        wireItem({
          id: 'rabbitmq_away',
          code: 'rabbitmq_away',
          severity: 'critical',
          title: 'RabbitMQ is away',
        }),
      ]);
    });
    const panel = await attention();
    expect(await within(panel).findByText('No soldier serves squad mail')).toBeVisible();
    expect(panel).toHaveTextContent('12 missions wait for it.');
    expect(panel).toHaveTextContent('Start a soldier that serves squad mail.');
    expect(panel).toHaveTextContent('since 1 min ago');
    expect(within(panel).getByRole('link', { name: 'Its missions' })).toHaveAttribute(
      'href',
      '/missions?squad=mail',
    );
    expect(within(panel).getByRole('link', { name: 'Health' })).toHaveAttribute('href', '/health');
    expect(within(panel).getByText(/Critical/)).toBeInTheDocument();
  });

  it('says that nothing does, and follows the stream', async () => {
    const { commander } = renderApp('/');
    expect(await screen.findByText(/Nothing. Missions flow/)).toBeVisible();
    commander.send(
      'attention',
      wireAttention([wireItem({ title: 'No soldier is live', code: 'no_soldiers' })]),
    );
    expect(await screen.findByText('No soldier is live')).toBeVisible();
    expect(screen.queryByText(/Nothing. Missions flow/)).not.toBeInTheDocument();
  });

  it('never takes an error for calm', async () => {
    const { commander, user } = renderApp('/', (c) => {
      c.older = true; // its stream does not bring it
      c.failing['GET /attention'] = () => problem(500, 'internal', 'Something broke in the commander.');
    });
    const alert = await within(await attention()).findByRole('alert');
    expect(alert).toHaveTextContent('Something broke in the commander.');
    expect(screen.queryByText(/Nothing. Missions flow/)).not.toBeInTheDocument();
    commander.failing = {};
    await user.click(within(alert).getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText(/Nothing. Missions flow/)).toBeVisible();
  });

  it('is not calm, and not healthy, once nobody answers', async () => {
    const { commander, router } = renderApp('/');
    expect(await screen.findByText(/Nothing. Missions flow/)).toBeVisible();
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    commander.failing['GET /events'] = () => problem(502, 'commander_unreachable', 'The commander is away.');
    commander.hangUp();
    expect(await screen.findByText(/Now nobody knows/)).toBeVisible();
    expect(screen.queryByText(/Nothing. Missions flow/)).not.toBeInTheDocument();
    await router.navigate({ to: '/health' });
    expect(await screen.findByRole('region', { name: 'Overall' })).toHaveTextContent('Health unknown');
  });

  it('counts by status, and each count leads to its missions', async () => {
    const { commander } = renderApp('/', (c) => {
      c.stats = {
        ...wireStats({ QUEUED: 1234, FAILED: 5 }),
        oldest_queued: {
          mission_id: '0193a5b0-7c1e-7d7a-9c3b-00000000abcd',
          created_at: new Date(Date.now() - 125_000).toISOString(),
        },
      };
    });
    const queued = await screen.findByRole('link', { name: /^Queued 1,?234/ });
    expect(queued).toHaveTextContent(/oldest 2 min \d+ s/);
    expect(queued).toHaveAttribute('href', '/missions?status=QUEUED');
    expect(await screen.findByRole('link', { name: /^In progress 0 of 16 slots/ })).toBeVisible();
    commander.send('stats', wireStats({ QUEUED: 0 }));
    await waitFor(() => expect(screen.getByRole('link', { name: /^Queued 0 none waits/ })).toBeVisible());
  });

  it('plots the numbers, tells them as a table too, and takes in each new step', async () => {
    const { commander, user } = renderApp('/', (c) => {
      c.trends = wireSteps([{ completed: 100 }, { completed: 180, failed: 20 }]);
    });
    const throughput = await screen.findByRole('figure', { name: 'Throughput' });
    expect(throughput).toHaveTextContent('completed18');
    expect(screen.getByRole('figure', { name: 'Success rate' })).toHaveTextContent('succeeded90 %');
    expect(screen.getByRole('figure', { name: 'Run time' })).toHaveTextContent('99 %900 ms');
    await user.click(within(throughput).getByText(/Throughput as a table/));
    const table = within(throughput).getByRole('table', { name: 'Throughput, missions a second' });
    expect(within(table).getAllByRole('row')).toHaveLength(3);
    const next = wireStep({
      at: new Date(Math.floor(Date.now() / 10_000) * 10_000).toISOString(),
      completed: 250,
    });
    commander.send('trend', { step_seconds: 10, point: next });
    await waitFor(() => expect(throughput).toHaveTextContent('completed25'));
    expect(within(table).getAllByRole('row')).toHaveLength(4);
  });

  it('keeps the range in its address', async () => {
    const { commander, router, user } = renderApp('/');
    await user.click(await screen.findByRole('link', { name: '24 hours' }));
    expect(router.state.location.search).toEqual({ range: '24h' });
    await waitFor(() => expect(commander.count('GET /api/stats/history?range=24h')).toBe(1));
    expect(screen.getByRole('link', { name: '24 hours' })).toHaveAttribute('aria-current', 'page');
    expect(screen.getByRole('link', { name: '1 hour' })).not.toHaveAttribute('aria-current');
    expect(await screen.findAllByText(/Nothing was measured yet/)).toHaveLength(6);
  });

  it('does not deny failures of just now, which are not grouped yet', async () => {
    const { commander } = renderApp('/', (c) => {
      c.stats.rates.failed_per_minute = 500;
    });
    expect(await screen.findByText(/^Some failed just now\./)).toBeVisible();
    commander.send('stats', { ...wireStats(), rates: { ...wireStats().rates, failed_per_minute: 0 } });
    expect(await screen.findByText('No mission failed in this time, up to 20 seconds ago.')).toBeVisible();
  });

  it('groups what fails', async () => {
    renderApp('/', (c) => {
      c.failures = [wireFailure()];
    });
    const row = (await screen.findByText('smtp_timeout')).closest('tr') as HTMLElement;
    expect(row).toHaveTextContent('37');
    expect(within(row).getByRole('link', { name: 'All failed of kind send-mail' })).toHaveAttribute(
      'href',
      '/missions?status=FAILED&kind=send-mail',
    );
  });
});
