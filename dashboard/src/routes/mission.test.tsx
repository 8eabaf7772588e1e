import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
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
    const cancel = screen.getByRole('button', { name: 'Cancel mission' });
    expect(cancel).toHaveAttribute('aria-disabled', 'true');
    expect(cancel).toHaveAccessibleDescription('It has ended: it is completed.');
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
      expect(screen.getByRole('button', { name: 'Cancel mission' })).toHaveAccessibleDescription(
        'A cancel was asked for; its soldier is told to stop.',
      ),
    );
    const [now] = commander.missions;
    if (now) commander.change(cancelled(now));
    await waitFor(() => expect(status()).toBe('CANCELLED'));
  });

  it('says why a cancel was refused, and shows how the mission ended', async () => {
    const mission = inProgress(wireMission({ payload: {} }));
    const { user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
      c.failing['POST /missions/:id/cancel'] = () => {
        c.missions = [completed(mission)]; // its event is lost
        return problem(409, 'wrong_status', 'The mission is COMPLETED already.');
      };
    });
    await user.click(await screen.findByRole('button', { name: 'Cancel mission' }));
    await user.click(await screen.findByRole('button', { name: 'Yes, cancel it' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The mission is COMPLETED already.');
    expect(await screen.findByText('It ended meanwhile: it is completed.')).toBeVisible();
    expect(status()).toBe('COMPLETED');
  });

  it('retries after asking, as one more attempt', async () => {
    const mission = failed(inProgress(wireMission({ payload: {} })), {
      error: { code: 'timeout', message: 'ran past 300 s' },
    });
    const { commander, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    expect(await screen.findByText(/The attempt ran longer than its timeout of 5 min/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Other failed missions of this kind' })).toHaveAttribute(
      'href',
      '/missions?kind=simulate&status=FAILED',
    );
    await user.keyboard('r');
    await user.click(await screen.findByRole('button', { name: 'Yes, make attempt 2' }));
    await waitFor(() => expect(status()).toBe('QUEUED'));
    expect(commander.missions[0]?.attempt).toBe(2);
    expect(screen.queryByRole('heading', { name: 'Error' })).not.toBeInTheDocument();
  });

  it('removes after asking, and says so', async () => {
    const mission = completed(inProgress(wireMission({ name: 'Recon', payload: {} })));
    const { commander, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    await user.click(await screen.findByRole('button', { name: 'Remove' }));
    expect(commander.count('DELETE')).toBe(0);
    await user.click(await screen.findByRole('button', { name: 'Yes, remove it' }));
    expect(await screen.findByRole('heading', { name: 'The mission is removed' })).toBeVisible();
    expect(commander.missions).toEqual([]);
  });

  it('says when somebody else removed it meanwhile', async () => {
    const mission = completed(inProgress(wireMission({ payload: {} })));
    const { commander, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    await user.click(await screen.findByRole('button', { name: 'Remove' }));
    commander.missions = [];
    await user.click(await screen.findByRole('button', { name: 'Yes, remove it' }));
    expect(await screen.findByRole('heading', { name: 'The mission was removed meanwhile' })).toBeVisible();
  });

  it('does by key what its buttons do, and shows why where they cannot', async () => {
    const mission = wireMission({ name: 'Recon', payload: {} });
    const { router, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    const retry = await screen.findByRole('button', { name: 'Retry' });
    await user.keyboard('r');
    expect(retry).toHaveFocus();
    expect(retry).toHaveAccessibleDescription('It has not ended: it is queued.');
    await user.keyboard('y');
    expect(await navigator.clipboard.readText()).toBe(mission.mission_id);
    await user.keyboard('c');
    await user.click(await screen.findByRole('button', { name: 'Keep it' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    await user.keyboard('e');
    await waitFor(() => expect(router.state.location.href).toBe(`/missions/new?clone=${mission.mission_id}`));
  });

  it('copies itself as commands', async () => {
    const mission = wireMission({
      name: "it's",
      kind: 'resize',
      payload: { a: 1 },
      labels: { team: 'blue' },
    });
    const { user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
    });
    await user.click(await screen.findByRole('button', { name: 'Copy as curl' }));
    expect(await navigator.clipboard.readText()).toContain('http://localhost:3000/api/missions');
    await user.click(screen.getByRole('button', { name: 'Copy as missionctl' }));
    expect(await navigator.clipboard.readText()).toMatch(
      /^missionctl submit 'it'\\''s' .*--label team:blue/s,
    );
  });

  it('follows progress and log, with what was lost, until the reader filters', async () => {
    const mission = inProgress(wireMission({ payload: {} }));
    const line = (number: number, text: string, level: 'info' | 'warn' = 'info', run = 1) => ({
      number,
      attempt: run,
      run,
      at: at(number),
      level,
      text,
    });
    const { commander, user } = renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
      c.logs[mission.mission_id] = [line(1, 'one'), line(2, 'two', 'warn')];
    });
    const log = await screen.findByRole('region', { name: 'Lines of the log' });
    const texts = () =>
      within(screen.getByRole('region', { name: 'Lines of the log' }))
        .getAllByRole('listitem')
        .map((li) => li.textContent);
    expect(log).toBeVisible();
    const watches = (request: string) =>
      request.includes('/api/events') && request.includes(mission.mission_id);
    await waitFor(() => expect(commander.log.some(watches)).toBe(true));
    commander.send('telemetry', {
      mission_id: mission.mission_id,
      run: 1,
      progress: 40,
      progress_text: '2 of 5 sizes',
      lines: [line(5, 'five', 'info', 2)],
      dropped: 3,
    });
    expect(await screen.findByText('40 % · 2 of 5 sizes')).toBeVisible();
    expect(texts().map((text) => text?.replace(/^[\d:.]+/, ''))).toEqual([
      'Attempt 1, run 1',
      'infoone',
      'warntwo',
      '… 2 lines were lost on the way',
      'Attempt 2, run 2',
      'infofive',
    ]);
    expect(screen.getByText(/3 lines are not kept/)).toBeVisible();
    const box = screen.getByRole('region', { name: 'Lines of the log' });
    expect(screen.getByRole('checkbox', { name: 'Follow' })).toBeChecked();
    vi.spyOn(box, 'scrollHeight', 'get').mockReturnValue(1_000);
    fireEvent.scroll(box); // not at the end of 1,000 pixels
    expect(screen.getByRole('checkbox', { name: 'Follow' })).not.toBeChecked();
    await user.click(screen.getByRole('checkbox', { name: 'Follow' }));
    expect(box.scrollTop).toBe(1_000);
    await user.type(screen.getByRole('searchbox', { name: 'Text in the lines' }), 'TWO');
    expect(texts()).toHaveLength(2);
    await user.selectOptions(screen.getByRole('combobox', { name: 'Least level' }), 'Errors');
    expect(texts()).toEqual(['No line fits the filter.']);
  });

  it('says what it waits for, with its keys, its limit and its times', async () => {
    const mission = wireMission({
      payload: {},
      status: 'SCHEDULED',
      run_at: new Date(Date.now() + 3_600_000).toISOString(),
      deadline_at: new Date(Date.now() + 7_200_000).toISOString(),
      max_attempts: 3,
      retry: { delay_seconds: 30, factor: 1.5, max_delay_seconds: 900 },
      labels: { team: 'blue' },
      concurrency_key: 'customer 42',
      unique_key: 'nightly',
    });
    renderApp(`/missions/${mission.mission_id}`, (c) => {
      c.missions = [mission];
      c.limits = [{ key: 'customer 42', max_running: 1, admitted: 1, waiting: 2 }];
    });
    expect(await screen.findByText(/59 min \d+ s left|1 h left/)).toBeVisible();
    expect(screen.getByText('after 30 s, then × 1.5, at most 15 min')).toBeVisible();
    expect(screen.getByRole('link', { name: 'team: blue' })).toHaveAttribute(
      'href',
      '/missions?label=team%3Ablue',
    );
    expect(screen.getByText('nightly')).toBeVisible();
    expect(await screen.findByText(/1 of 1 place taken, 2 waiting/)).toBeVisible();
  });

  it('tells the picture to screen readers as a table', async () => {
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
          soldier_id: 's-1',
        },
        {
          made_at: at(5),
          recorded_at: at(5),
          status: 'FAILED',
          code: 'failed',
          attempt: 1,
          run: 1,
          message: 'no luck',
        },
      ];
    });
    const table = await screen.findByRole('table', { name: 'Runs and the waits before them' });
    expect(within(table).getAllByRole('row')[1]).toHaveTextContent(
      /Run 1 · attempt 1\s*s-1.*waited .*, ran 3.0 s\s*Failed: no luck/,
    );
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
