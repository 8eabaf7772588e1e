import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { allAway, embedded, healthy, rabbitAway, warning, wireSoldier } from '@/test/factories/system';
import { renderApp } from '@/test/render-app';

describe('the fleet', () => {
  it('shows soldiers, what they run, and who is dead', async () => {
    const { commander } = renderApp('/fleet', (c) => {
      c.soldiers = [
        wireSoldier({
          soldier_id: 'alpha',
          running: [{ mission_id: '0193a5b0-7c1e-7d7a-9c3b-00000000abcd', execution: 'x' }],
        }),
        wireSoldier({ soldier_id: 'bravo', state: 'dead' }),
      ];
    });
    expect(await screen.findByText('1 soldier live, 1 of 16 slots in use')).toBeVisible();
    const alpha = screen.getByText('alpha').closest('tr') as HTMLElement;
    expect(within(alpha).getByText('Live')).toBeVisible();
    expect(within(alpha).getAllByRole('link', { name: '…0000abcd' })[0]).toHaveAttribute(
      'href',
      '/missions/0193a5b0-7c1e-7d7a-9c3b-00000000abcd',
    );
    expect(within(screen.getByText('bravo').closest('tr') as HTMLElement).getByText('Dead')).toBeVisible();
    commander.send('soldiers', { soldiers: [], degraded: false });
    expect(await screen.findByRole('heading', { name: 'No soldiers' })).toBeVisible();
  });
});

describe('health', () => {
  it('says what is wrong in words, live', async () => {
    const { commander } = renderApp('/health', (c) => {
      c.health = warning();
    });
    const overall = await screen.findByRole('region', { name: 'Overall' });
    expect(overall).toHaveTextContent('Warning');
    expect(screen.getByRole('region', { name: 'Redis' })).toHaveTextContent('appendfsync is everysec');
    commander.send('health', rabbitAway());
    await waitFor(() => expect(overall).toHaveTextContent('Degraded'));
    expect(screen.getByRole('region', { name: 'RabbitMQ' })).toHaveTextContent('connection refused');
    expect(screen.getByText('RabbitMQ is away.')).toBeVisible();
    commander.send('health', allAway());
    expect(await screen.findByText('Redis and RabbitMQ are away.')).toBeVisible();
  });
});

describe('health in detail', () => {
  it('says since when, and what that means', async () => {
    const since = new Date(Date.now() - 600_000).toISOString();
    renderApp('/health', (c) => {
      c.health = rabbitAway();
      c.health.checks.rabbitmq.since = since;
    });
    expect(await screen.findByRole('region', { name: 'Overall' })).toHaveTextContent(/Since .*10 min ago/);
    const rabbit = screen.getByRole('region', { name: 'RabbitMQ' });
    expect(rabbit).toHaveTextContent(/Since.*10 min ago/);
    expect(rabbit).toHaveTextContent('New missions are accepted and wait as queued');
    expect(screen.getByRole('region', { name: 'Redis' })).not.toHaveTextContent('For you');
    expect(screen.getByRole('region', { name: 'This page' })).toHaveTextContent('changes are pushed');
  });

  it('marks queues with messages that nobody takes, each with where to look', async () => {
    renderApp('/health', (c) => {
      c.stats.queues = [
        { name: 'orders_queue', ready: 2, consumers: 3 },
        { name: 'orders_queue.gpu.normal', ready: 1, consumers: 0 },
        { name: 'status_queue', ready: 4, consumers: 0 },
        { name: 'status_refused_queue', ready: 5, consumers: 0 },
        { name: 'orders_dead_queue', ready: 0, consumers: 0 },
      ];
    });
    const row = (name: string) => screen.getByText(name).closest('tr') as HTMLElement;
    await screen.findByRole('table', { name: 'Queues' });
    expect(row('orders_queue.gpu.normal')).toHaveTextContent('No soldier takes from it');
    expect(row('status_queue')).toHaveTextContent('No commander takes from it');
    expect(within(row('status_refused_queue')).getByRole('link')).toHaveAttribute('href', '/set-aside');
    expect(row('orders_queue')).not.toHaveAttribute('data-untaken');
    expect(row('orders_dead_queue')).not.toHaveAttribute('data-untaken');
  });
});

describe('the embedded ground', () => {
  const GONE = /Missions live only as long as this one process/;

  it.each([
    '/missions',
    '/missions/new',
    '/missions/0193a5b0-7c1e-7d7a-9c3b-00000000abcd',
    '/fleet',
    '/health',
    '/nowhere',
  ])('is told at %s, and no longer once it is another', async (path) => {
    const { commander } = renderApp(path, (c) => {
      c.health = embedded();
    });
    expect(await screen.findByText(GONE)).toBeVisible();
    commander.send('health', healthy());
    await waitFor(() => expect(screen.queryByText(GONE)).toBeNull());
  });

  it('uses neither Redis nor RabbitMQ, and is well', async () => {
    renderApp('/health', (c) => {
      c.health = embedded();
    });
    const overall = await screen.findByRole('region', { name: 'Overall' });
    expect(overall).toHaveTextContent('Healthy');
    expect(overall).toHaveTextContent('there is no Redis and no RabbitMQ');
    for (const part of ['Redis', 'RabbitMQ']) {
      const panel = screen.getByRole('region', { name: part });
      expect(panel).toHaveTextContent('Not used');
      expect(panel).not.toHaveTextContent('ms');
    }
  });
});
