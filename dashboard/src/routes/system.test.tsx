import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { allAway, rabbitAway, warning, wireSoldier } from '@/test/factories/system';
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
