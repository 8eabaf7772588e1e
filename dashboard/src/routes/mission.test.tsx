import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { cancelled, completed, failed, inProgress, wireMission } from '@/test/factories/mission';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const at = (seconds: number) => new Date(Date.UTC(2030, 0, 1, 12, 0, seconds)).toISOString();
const status = () =>
  document.querySelector('article .mission-state [data-status]')?.getAttribute('data-status');

describe('the mission page', () => {
  it('follows a mission to its end: one fetch for the result, one history a version', async () => {
    const queued = wireMission({ name: 'Recon', payload: { region: 'north' } });
    const { commander } = renderApp(`/missions/${queued.mission_id}`, (c) => {
      c.missions = [queued];
    });
    await screen.findByRole('heading', { name: 'Recon' });
    expect(status()).toBe('QUEUED');
    const running = inProgress(queued);
    commander.change(running);
    await waitFor(() => expect(status()).toBe('IN_PROGRESS'));
    await waitFor(() => expect(commander.count(`GET /api/missions/${queued.mission_id}/history`)).toBe(2));
    const done = completed(running, { result: { squares: 16 } });
    commander.change(done);
    commander.tell(running); // late and old
    await waitFor(() => expect(status()).toBe('COMPLETED'));
    expect(await screen.findByRole('region', { name: 'Result as JSON' })).toHaveTextContent('"squares": 16');
    expect(screen.getByRole('region', { name: 'Payload as JSON' })).toHaveTextContent('"region": "north"');
    await waitFor(() => expect(commander.count(`GET /api/missions/${queued.mission_id}/history`)).toBe(3));
    expect(commander.log.filter((line) => line === `GET /api/missions/${queued.mission_id}`)).toHaveLength(2);
    expect(screen.queryByRole('button', { name: 'Cancel mission' })).not.toBeInTheDocument();
  });

  it('shows the error first, and the timeline with refused updates', async () => {
    const mission = failed(inProgress(wireMission({ payload: {} })));
    renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
      c.history[mission.mission_id] = [
        { made_at: at(0), recorded_at: at(0), status: 'QUEUED', attempt: 1, run: 0 },
        {
          made_at: at(2),
          recorded_at: at(2),
          status: 'IN_PROGRESS',
          code: 'granted',
          attempt: 1,
          run: 1,
          soldier_id: 'soldier-1',
        },
        {
          made_at: null,
          recorded_at: at(4),
          status: 'COMPLETED',
          code: 'stale_run',
          attempt: 1,
          run: 0,
          message: 'run 0 is over',
          refused: true,
        },
        { made_at: at(10), recorded_at: at(50), status: 'FAILED', code: 'failed', attempt: 1, run: 1 },
      ];
    });
    expect(await screen.findByRole('heading', { name: 'Error' })).toBeVisible();
    expect(screen.getByText('the relay did not answer')).toBeVisible();
    const lines = within(await screen.findByRole('list', { name: 'Timeline' })).getAllByRole('listitem');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toHaveTextContent('In progress');
    expect(lines[1]).toHaveTextContent('+2.0 s');
    expect(lines[2]).toHaveTextContent('Refused: COMPLETED');
    expect(lines[2]).toHaveTextContent('run 0 is over');
    expect(lines[3]).toHaveTextContent('recorded 40 s later');
  });

  it('cancels after asking', async () => {
    const mission = inProgress(wireMission({ payload: {} }));
    const { commander, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    await user.click(await screen.findByRole('button', { name: 'Cancel mission' }));
    const dialog = await screen.findByRole('dialog', { name: 'Cancel this mission?' });
    expect(commander.count('POST')).toBe(0);
    await user.click(within(dialog).getByRole('button', { name: 'Yes, cancel it' }));
    expect(await screen.findByText('Cancel requested')).toBeVisible();
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: 'Cancel mission' })).not.toBeInTheDocument(),
    );
    const [now] = commander.missions;
    if (now) commander.change(cancelled(now));
    await waitFor(() => expect(status()).toBe('CANCELLED'));
  });

  it('says why a cancel was refused', async () => {
    const mission = inProgress(wireMission({ payload: {} }));
    const { user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
      c.failing['POST /missions/:id/cancel'] = () =>
        problem(409, 'wrong_status', 'The mission is COMPLETED already.');
    });
    await user.click(await screen.findByRole('button', { name: 'Cancel mission' }));
    await user.click(await screen.findByRole('button', { name: 'Yes, cancel it' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The mission is COMPLETED already.');
  });

  it('tells unknown from unreadable', async () => {
    const { router } = renderApp('/missions/0193a5b0-7c1e-7d7a-9c3b-ffffffffffff', (c) => {
      c.failing['GET /missions/:id/history'] = () => problem(404, 'not_found', 'no');
    });
    expect(await screen.findByRole('heading', { name: 'There is no such mission' })).toBeVisible();
    await router.navigate({ to: '/nowhere' as string });
    expect(await screen.findByRole('heading', { name: 'There is no such page' })).toBeVisible();
  });

  it('shows an error for a mission that memory lacks', async () => {
    renderApp('/missions/0193a5b0-7c1e-7d7a-9c3b-ffffffffffff', (c) => {
      c.failing['GET /missions/:id'] = () =>
        problem(503, 'not_in_memory', 'Redis is away, and memory lacks this mission.');
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('not_in_memory');
  });
});
