import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { wireSetAside } from '@/test/factories/places';
import { wireStats } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const button = (name: string) => screen.findByRole('button', { name });

describe('what was set aside', () => {
  it('says what it means and what to do, with each body', async () => {
    const { user } = renderApp('/set-aside', (c) => {
      c.setAside = [
        wireSetAside({ detail: 'run 2 has it' }),
        wireSetAside({ id: 'f'.repeat(32) }),
        wireSetAside({ id: 'f'.repeat(32) }),
        wireSetAside({ queue: 'orders_dead_queue', reason: 'rejected', from: undefined, body: undefined }),
        wireSetAside({ queue: 'orders_dead_queue', reason: 'of_tomorrow' }),
      ];
    });
    const refused = await screen.findByRole('region', { name: 'Refused reports of soldiers' });
    expect(refused).toHaveTextContent('3 superseded The result came from an execution that was given up');
    const dead = screen.getByRole('region', { name: 'Orders that nobody could carry out' });
    expect(dead).toHaveTextContent('This page does not know the reason');
    expect(screen.queryByRole('region', { name: 'Missions that could not be created' })).toBeNull();
    await user.click(screen.getByText('run 2 has it'));
    expect(screen.getAllByRole('region', { name: 'Body as JSON' })[0]).toHaveTextContent('"mission": "one"');
    expect(screen.getByText('2 times')).toBeInTheDocument();
    const [last] = screen.getAllByText('It is not known where it came from.');
    expect(last).toBeInTheDocument();
  });

  it('sends all of a reason again at once, and reads what is left', async () => {
    const { user, commander } = renderApp('/set-aside', (c) => {
      c.setAside = [wireSetAside(), wireSetAside(), wireSetAside({ reason: 'failed' })];
    });
    await user.click(await button('Send all again: superseded'));
    expect(await screen.findByText('2 messages were sent again.')).toBeVisible();
    expect(commander.log).toContain(
      'POST /api/set-aside/resend?queue=status_refused_queue&reason=superseded',
    );
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Drop all superseded' })).toBeNull());
    expect(await button('Drop all failed')).toBeVisible();
  });

  it('drops many only after the word, one after a question', async () => {
    const { user, commander } = renderApp('/set-aside', (c) => {
      c.setAside = [wireSetAside(), wireSetAside(), wireSetAside({ reason: 'failed', detail: 'the third' })];
    });
    await user.click(await button('Drop all superseded'));
    const dialog = await screen.findByRole('dialog', { name: 'Drop 2 messages?' });
    expect(within(dialog).getByRole('button', { name: 'Drop all' })).toBeDisabled();
    await user.type(within(dialog).getByRole('textbox', { name: 'Type drop to confirm' }), 'drop{Enter}');
    expect(await screen.findByText('2 messages were dropped.')).toBeVisible();
    await user.click(await screen.findByText('the third'));
    const id = commander.setAside[0]?.id ?? '';
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(await button(`Drop ${id.slice(0, 8)}`));
    await user.click(await button('Drop it'));
    expect(await screen.findByRole('heading', { name: 'Nothing is set aside' })).toBeVisible();
    expect(screen.getByText('1 message was dropped.')).toBeVisible();
  });

  it('tells what was skipped, and to ask again', async () => {
    const { user, commander } = renderApp('/set-aside', (c) => {
      c.setAside = [wireSetAside()];
    });
    commander.failing['POST /set-aside/resend'] = () =>
      HttpResponse.json({ messages: 10_000, skipped: 3, complete: false });
    await user.click(await button('Send all again: superseded'));
    expect(await screen.findByText(/3 can't be sent again.*ask again/)).toBeVisible();
  });

  it('keeps queue and reason in the address', async () => {
    const { user, router } = renderApp('/set-aside', (c) => {
      c.setAside = [wireSetAside(), wireSetAside({ reason: 'failed', detail: 'the other' })];
    });
    await user.click(await button('Show superseded'));
    await waitFor(() => expect(screen.queryByText('the other')).toBeNull());
    expect(router.state.location.search).toEqual({ queue: 'status_refused_queue', reason: 'superseded' });
    await user.click(await button('Show all'));
    expect(await screen.findByText('the other')).toBeInTheDocument();
  });

  it('says that more came, without reading by itself', async () => {
    const { user, commander } = renderApp('/set-aside');
    await screen.findByRole('heading', { name: 'Nothing is set aside' });
    const before = commander.count('GET /api/set-aside');
    commander.send('stats', {
      ...wireStats(),
      queues: [{ name: 'status_refused_queue', ready: 4, consumers: 0 }],
    });
    expect(await screen.findByText('4 more lie there now than were counted: refresh.')).toBeVisible();
    expect(commander.count('GET /api/set-aside')).toBe(before);
    commander.setAside = [wireSetAside()];
    await user.click(await button('Refresh'));
    expect(await button('Drop all superseded')).toBeVisible();
  });

  it('says so while RabbitMQ is away', async () => {
    renderApp('/set-aside', (c) => {
      c.failing['GET /set-aside'] = () =>
        problem(503, 'broker_unavailable', 'RabbitMQ is away: try again once it is back.');
    });
    expect(await screen.findByRole('heading', { name: "What was set aside can't be shown" })).toBeVisible();
    expect(screen.getByText(/RabbitMQ is away: try again/)).toBeVisible();
    expect(screen.queryByText('Nothing is set aside')).toBeNull();
  });
});
