import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { wireMission } from '@/test/factories/mission';
import { wireSchedule } from '@/test/factories/places';
import { wireAttention } from '@/test/factories/system';
import { wireItem } from '@/test/factories/trends';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const rowOf = async (name: string) =>
  (await screen.findByRole('link', { name })).closest('tr') as HTMLElement;
const button = (name: string) => screen.findByRole('button', { name });
const field = (name: string | RegExp) => screen.findByRole('textbox', { name });
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

describe('schedules', () => {
  it('says when each is due, what it orders, and which are late or paused', async () => {
    const mission = wireMission();
    renderApp('/schedules', (c) => {
      c.schedules = [
        wireSchedule({ last_at: ago(60_000), last_mission_id: mission.mission_id }),
        wireSchedule({ name: 'often', cron: undefined, every_seconds: 300, next_at: ago(30_000) }),
        wireSchedule({ name: 'resting', paused: true, next_at: undefined }),
      ];
    });
    const nightly = await rowOf('nightly');
    expect(nightly).toHaveTextContent('Monday to Friday at 02:30 30 2 * * 1-5 Europe/Berlin');
    expect(within(nightly).getByText('On')).toBeVisible();
    expect(within(nightly).getAllByRole('link', { name: /^ran / })[0]).toHaveAttribute(
      'href',
      `/missions/${mission.mission_id}`,
    );
    expect(await rowOf('often')).toHaveTextContent('every 5 min');
    expect(within(await rowOf('often')).getByText('Late')).toBeVisible();
    expect(within(await rowOf('resting')).getByText('Paused')).toBeVisible();
  });

  it('says which of them skipped runs', async () => {
    renderApp('/schedules', (c) => {
      c.schedules = [wireSchedule(), wireSchedule({ name: 'often' })];
      c.attention = wireAttention([
        wireItem({ code: 'schedule_skips', schedule: 'often', count: 3 }),
        wireItem({ code: 'schedule_paused', schedule: 'nightly', count: 1 }),
      ]);
    });
    expect(await within(await rowOf('often')).findByText(/skipped 3 runs/)).toBeVisible();
    expect(await rowOf('nightly')).not.toHaveTextContent('skipped');
  });

  it('runs, pauses, resumes and deletes, and shows it at once', async () => {
    const { user, commander } = renderApp('/schedules', (c) => {
      c.schedules = [wireSchedule()];
    });
    const row = await rowOf('nightly');
    await user.click(await button('Run now: nightly'));
    expect(await screen.findByRole('link', { name: 'run of nightly' })).toBeVisible();
    await user.click(await button('Pause nightly'));
    await waitFor(() => expect(within(row).getByText('Paused')).toBeVisible());
    await user.click(await button('Resume nightly'));
    await waitFor(() => expect(within(row).queryByText('Paused')).toBeNull());
    await user.click(await button('Delete nightly'));
    expect(commander.count('DELETE')).toBe(0);
    await user.click(await button('Delete it'));
    expect(await screen.findByRole('heading', { name: 'No schedules' })).toBeVisible();
  });

  it('says why a run was not ordered', async () => {
    const { user } = renderApp('/schedules', (c) => {
      c.schedules = [wireSchedule()];
      c.failing['POST /schedules/:id/run'] = () => problem(503, 'store_unavailable', 'Redis is away.');
    });
    await user.click(await button('Run now: nightly'));
    expect(await screen.findByRole('alert')).toHaveTextContent('Redis is away. (store_unavailable)');
  });

  it('shows a failure as one, not as no schedules', async () => {
    renderApp('/schedules', (c) => {
      c.older = true; // it pushes no schedules, so they are asked for
      c.failing['GET /schedules'] = () => problem(500, 'internal', 'It broke.');
    });
    expect(await screen.findByRole('heading', { name: "The schedules can't be shown" })).toBeVisible();
    expect(screen.queryByText('No schedules')).toBeNull();
  });

  it('makes a new one, checked as it is typed', async () => {
    const { user, commander, router } = renderApp('/schedules?new=true', (c) => {
      c.schedules = [wireSchedule()];
    });
    await user.type(await field(/^Name of the schedule/), 'nightly');
    await user.type(await field('Cron'), '30 2');
    expect(await screen.findByText(/Five fields, or six/)).toBeVisible();
    await user.type(await field('Cron'), ' * * 1-5');
    expect(await screen.findByText('Monday to Friday at 02:30')).toBeVisible();
    await user.selectOptions(screen.getByRole('combobox', { name: 'Time zone' }), 'Asia/Tokyo');
    await user.type(await field(/^Name of the mission/), 'Report');
    await user.clear(await field('All else about the mission'));
    await user.click(await field('All else about the mission'));
    await user.paste('{"priority": "high"}');
    await user.click(await button('Create schedule'));
    expect(await screen.findByText(/There is a schedule of this name/)).toBeVisible();
    expect(commander.count('PUT')).toBe(0);
    await user.type(await field(/^Name of the schedule/), '-2');
    await user.click(await button('Create schedule'));
    await waitFor(() => expect(router.state.location.pathname).toBe('/schedules/nightly-2'));
    const made = commander.schedules.find((s) => s.name === 'nightly-2');
    expect(made).toMatchObject({
      cron: '30 2 * * 1-5',
      time_zone: 'Asia/Tokyo',
      missed: 'last',
      mission: { name: 'Report', kind: 'simulate', payload: {}, priority: 'high' },
    });
  });

  it('puts what the commander refuses beside its field', async () => {
    const { user } = renderApp('/schedules?new=true', (c) => {
      c.failing['PUT /schedules/:id'] = () =>
        problem(422, 'invalid', 'It is not valid.', [
          { field: 'cron', code: 'invalid', message: 'minute 61 is no minute' },
        ]);
    });
    await user.type(await field(/^Name of the schedule/), 'x');
    await user.type(await field('Cron'), '61 * * * *');
    await user.type(await field(/^Name of the mission/), 'x');
    await user.click(await button('Create schedule'));
    expect(await screen.findByText('cron: minute 61 is no minute')).toBeVisible();
  });
});

describe('one schedule', () => {
  it('shows next times, runs with why none was ordered, and its mission', async () => {
    const mission = wireMission();
    renderApp('/schedules/nightly', (c) => {
      c.schedules = [
        wireSchedule({
          next_times: [3_600_000, 7_200_000].map((ms) => new Date(Date.now() + ms).toISOString()),
          runs: [
            { at: ago(60_000), mission_id: mission.mission_id },
            { at: ago(120_000), skipped: 'overlap' },
            { at: ago(180_000), skipped: 'refused', detail: 'squads are full' },
          ],
        }),
      ];
    });
    const runs = within(await screen.findByRole('list', { name: 'Latest runs' })).getAllByRole('listitem');
    expect(runs).toHaveLength(3);
    expect(runs[0]).toHaveTextContent(`ordered …${mission.mission_id.slice(-8)}`);
    expect(runs[1]).toHaveTextContent('skipped: the last mission had not ended');
    expect(runs[2]).toHaveTextContent('squads are full');
    expect(within(screen.getByRole('region', { name: 'Next times' })).getAllByRole('listitem')).toHaveLength(
      2,
    );
    expect(screen.getByRole('region', { name: 'Mission as JSON' })).toHaveTextContent('"Nightly report"');
  });

  it('reads its runs anew when the list says that it ran', async () => {
    const { commander } = renderApp('/schedules/nightly', (c) => {
      c.schedules = [wireSchedule()];
    });
    expect(await screen.findByText('It has not run yet.')).toBeVisible();
    const at = new Date().toISOString();
    commander.schedules = [wireSchedule({ last_at: at, runs: [{ at, skipped: 'missed' }] })];
    commander.send('schedules', { schedules: [wireSchedule({ last_at: at })], degraded: false });
    expect(await screen.findByText('missed: no commander could order it in time')).toBeVisible();
  });

  it('is edited without losing what the form does not know', async () => {
    const { user, commander } = renderApp('/schedules/nightly', (c) => {
      c.schedules = [wireSchedule()];
    });
    await user.click(await button('Edit'));
    await user.click(await screen.findByRole('radio', { name: 'every so often' }));
    await user.type(await field('Every'), '15');
    await user.click(await button('Save changes'));
    expect(await screen.findByText('every 15 min')).toBeVisible();
    expect(commander.schedules[0]).toMatchObject({
      every_seconds: 900,
      mission: { payload: { seed: 1 }, priority: 'high', squad: 'default', timeout_seconds: 300 },
    });
  });

  it('is deleted, and leads back to the list', async () => {
    const { user, router } = renderApp('/schedules/nightly', (c) => {
      c.schedules = [wireSchedule()];
    });
    await user.click(await button('Delete nightly'));
    await user.click(await button('Delete it'));
    await waitFor(() => expect(router.state.location.pathname).toBe('/schedules'));
    expect(await screen.findByRole('heading', { name: 'No schedules' })).toBeVisible();
  });

  it('says so where there is none of that name', async () => {
    renderApp('/schedules/nowhere');
    expect(await screen.findByRole('heading', { name: 'There is no such schedule' })).toBeVisible();
  });
});
