import { QueryObserver } from '@tanstack/react-query';
import { screen, waitFor } from '@testing-library/react';
import { HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { attentionKey, fetchAttention } from '@/services/attention';
import { type Telemetry, telemetryKey } from '@/services/telemetry';
import { failureKeys, type Trends, trendKeys, trendsSchema } from '@/services/trends';
import { inProgress, wireMission } from '@/test/factories/mission';
import { wireAttention, wirePoint, wireStats, wireTrends } from '@/test/factories/system';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const indicator = () => screen.findByRole('status', { name: 'Live updates' });

describe('the stream', () => {
  it('resumes behind the last event after a break, and asks for nothing twice', async () => {
    const mission = wireMission({ name: 'Recon' });
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [mission];
    });
    await screen.findByRole('link', { name: 'Recon' });
    await waitFor(async () => expect(await indicator()).toHaveTextContent('Live'));
    commander.change(inProgress(mission));
    await screen.findByText('In progress', { selector: '.status' });
    commander.hangUp();
    await waitFor(async () => expect(await indicator()).toHaveTextContent('Reconnecting'));
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/), { timeout: 5_000 });
    expect(commander.resumedFrom).toEqual([null, '1-0']);
    expect(commander.count('GET /api/missions?')).toBe(1);
  });

  it('can resume though it saw no event yet: the first frame says from where', async () => {
    const { commander } = renderApp('/missions');
    await screen.findByRole('heading', { name: 'No missions yet' });
    commander.hangUp();
    await waitFor(() => expect(commander.resumedFrom).toEqual([null, '0-0']), { timeout: 5_000 });
  });

  it('fetches what is shown once more after a reset', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Before' })];
    });
    await screen.findByRole('link', { name: 'Before' });
    commander.missions = [wireMission({ name: 'Missed' }), ...commander.missions];
    commander.send('reset', { reason: 'trimmed' }, '99-0');
    await screen.findByRole('link', { name: 'Missed' });
    expect(commander.count('GET /api/missions?')).toBe(2);
    expect(commander.connected).toBe(1);
    commander.hangUp();
    await waitFor(() => expect(commander.resumedFrom.at(-1)).toBe('99-0'), { timeout: 5_000 });
  });

  it('shows the page without the stream, says so, and catches up when it comes', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Recon' })];
      c.failing['GET /events'] = () => problem(502, 'commander_unreachable', 'The commander is away.');
    });
    await screen.findByRole('link', { name: 'Recon' });
    expect(await indicator()).toHaveTextContent('Reconnecting');
    commander.missions = [wireMission({ name: 'Meanwhile' }), ...commander.missions];
    commander.failing = {};
    await screen.findByRole('link', { name: 'Meanwhile' }, { timeout: 5_000 });
    expect(await indicator()).toHaveTextContent('Live');
  });

  it('leaves out an event that it does not understand', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Recon' })];
    });
    await screen.findByRole('link', { name: 'Recon' });
    commander.send('mission', { nonsense: true }, '5-0');
    commander.send('something_new', {});
    commander.change(wireMission({ name: 'Next' }));
    await screen.findByRole('link', { name: 'Next' });
  });
});

describe('a removal, of which no event tells', () => {
  const removed = wireMission({ name: 'Recon', status: 'FAILED' });
  const show = async (path: string) => {
    const { commander } = renderApp(path, (c) => {
      c.missions = [removed];
      c.stats = wireStats({ FAILED: 2 });
    });
    await waitFor(async () => expect(await indicator()).toHaveTextContent('Live'));
    return commander;
  };

  it('is seen on the page of the mission, as there are fewer missions', async () => {
    const commander = await show(`/missions/${removed.mission_id}`);
    await screen.findByRole('heading', { name: 'Recon' });
    commander.missions = [];
    commander.send('stats', wireStats({ FAILED: 1, QUEUED: 1 })); // one was retried: there are as many
    commander.send('stats', wireStats({ FAILED: 1 }));
    expect(screen.getByRole('heading', { name: 'Recon' })).toBeVisible();
    await screen.findByRole('heading', { name: 'The mission was removed meanwhile' });
  });

  it('is seen in the list', async () => {
    const commander = await show('/missions?status=FAILED');
    await screen.findByRole('link', { name: 'Recon' });
    commander.missions = [];
    commander.send('stats', wireStats({ FAILED: 1 }));
    await screen.findByRole('heading', { name: 'No mission matches now' });
  });
});

describe('pausing', () => {
  it('changes nothing on the page, counts, and catches up without a fetch', async () => {
    const mission = wireMission({ name: 'Recon' });
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = [mission];
      c.stats = wireStats({ QUEUED: 1 });
    });
    await screen.findByRole('link', { name: 'Recon' });
    await screen.findByRole('button', { name: 'Queued 1' });
    await user.keyboard('p');
    expect(await indicator()).toHaveAttribute('data-live', 'paused');
    commander.change(inProgress(mission));
    commander.change(wireMission({ name: 'Second' }));
    commander.send('stats', wireStats({ QUEUED: 2 }));
    await waitFor(async () => expect(await indicator()).toHaveTextContent('Paused· 2 changed'));
    expect(screen.queryByRole('link', { name: 'Second' })).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Queued 1' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Resume live updates' }));
    await screen.findByRole('link', { name: 'Second' });
    expect(screen.getByText('In progress', { selector: '.status' })).toBeVisible();
    expect(screen.getByRole('button', { name: 'Queued 2' })).toBeVisible();
    expect(await indicator()).toHaveTextContent(/^Live$/);
    expect(commander.count('GET /api/missions?')).toBe(1);
  });

  it('fetches what is shown when the stream did not tell all meanwhile', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Recon' })];
    });
    await screen.findByRole('link', { name: 'Recon' });
    await user.click(screen.getByRole('button', { name: 'Pause live updates' }));
    commander.missions = [wireMission({ name: 'Untold' }), ...commander.missions];
    commander.send('more', { missions: 1_900 });
    await waitFor(async () => expect(await indicator()).toHaveTextContent('1,900 changed'));
    await user.click(screen.getByRole('button', { name: 'Resume live updates' }));
    await screen.findByRole('link', { name: 'Untold' });
  });
});

describe('the topics', () => {
  it('are asked for with a bounded number of changes', async () => {
    const { commander } = renderApp('/missions');
    await waitFor(() => expect(commander.connected).toBe(1));
    const asked = new URL(`http://x${commander.log.find((line) => line.includes('/events'))?.split(' ')[1]}`);
    expect(asked.searchParams.get('topics')?.split(',')).toEqual(
      expect.arrayContaining(['stats', 'attention', 'trend', 'squads', 'schedules', 'bulk']),
    );
    expect(asked.searchParams.get('per_second')).toBe('100');
  });

  it('are fetched now and then from a commander that does not know them', async () => {
    const { commander, client } = renderApp('/missions', (c) => {
      c.older = true;
    });
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/));
    expect(commander.connected).toBe(1);
    expect(client.getQueryData(['attention'])).toBeUndefined();
    commander.attention = wireAttention();
    const follow = client.getQueryCache();
    const observed = new QueryObserver(client, { queryKey: attentionKey, queryFn: () => fetchAttention() });
    const leave = observed.subscribe(() => {});
    await waitFor(() => expect(commander.count('GET /api/attention')).toBe(1));
    await waitFor(() => expect(commander.count('GET /api/attention')).toBeGreaterThan(1), {
      timeout: 12_000,
    });
    expect(follow.find({ queryKey: attentionKey })?.state.status).toBe('success');
    leave();
  });

  it('add the step that ended to the trends, and have failures fetched when one failed', async () => {
    const first = wirePoint({ at: '2026-01-01T12:00:00Z' });
    const { commander, client } = renderApp('/missions', (c) => {
      c.trends = [first];
    });
    await waitFor(() => expect(commander.connected).toBe(1));
    client.setQueryData(trendKeys.of('1h'), trendsSchema.parse(wireTrends('1h', [first])));
    client.setQueryData(failureKeys.of('1h'), { range: '1h', groups: [], others: 0, degraded: false });
    const points = () => client.getQueryData<Trends>(trendKeys.of('1h'))?.points.length;
    commander.send('trend', { step_seconds: 10, point: wirePoint({ at: '2026-01-01T12:00:10Z' }) });
    await waitFor(() => expect(points()).toBe(2));
    const isStale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated;
    expect(isStale(failureKeys.of('1h'))).toBe(false);
    commander.send('trend', {
      step_seconds: 10,
      point: wirePoint({ at: '2026-01-01T12:00:40Z', failed: 1 }),
    });
    await waitFor(() => expect(isStale(failureKeys.of('1h'))).toBe(true));
    expect(isStale(trendKeys.of('1h'))).toBe(true); // two steps between are not known
  });
});

describe('more changes than the stream tells', () => {
  it('have the list fetched, at most once in 2 s', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Recon' })];
    });
    await screen.findByRole('link', { name: 'Recon' });
    commander.missions = [wireMission({ name: 'Untold' }), ...commander.missions];
    for (let i = 0; i < 5; i++) commander.send('more', { missions: 500 });
    await screen.findByRole('link', { name: 'Untold' });
    expect(commander.count('GET /api/missions?')).toBe(2);
  });
});

describe('watching a mission', () => {
  it('is a second connection before the first is closed, and brings its telemetry', async () => {
    const mission = wireMission();
    const { commander, live, client } = renderApp('/missions', (c) => {
      c.missions = [mission];
    });
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/));
    const states: string[] = [];
    live.subscribe(() => states.push(live.getState().phase));
    const release = live.watch(mission.mission_id);
    await waitFor(() => expect(commander.log.at(-1)).toContain(`watch=${mission.mission_id}`));
    await waitFor(() => expect(commander.connected).toBe(1));
    expect(commander.resumedFrom).toEqual([null, '0-0']);
    const telemetry = { mission_id: mission.mission_id, run: 1, progress: 40, lines: [], dropped: 0 };
    commander.send('telemetry', telemetry);
    const progress = () => client.getQueryData<Telemetry>(telemetryKey(mission.mission_id))?.progress;
    await waitFor(() => expect(progress()).toBe(40));
    release();
    await waitFor(() => expect(commander.log.filter((line) => line.includes('/events'))).toHaveLength(3));
    await waitFor(() => expect(commander.connected).toBe(1));
    commander.send('telemetry', { ...telemetry, progress: 90 });
    commander.change(inProgress(mission));
    await screen.findByText('In progress', { selector: '.status' });
    expect(progress()).toBe(40); // nobody watches it any more
    expect(states).toEqual([]); // live all the time
  });
});

describe('where streams do not come through', () => {
  it('what is shown is polled, and pushed again once they do', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.missions = [wireMission({ name: 'Recon' })];
      c.failing['GET /events'] = () => Response.json({ login: 'please' });
    });
    await screen.findByRole('link', { name: 'Recon' });
    await waitFor(async () => expect(await indicator()).toHaveAttribute('data-live', 'polling'));
    commander.missions = [wireMission({ name: 'Asked for' }), ...commander.missions];
    await screen.findByRole('link', { name: 'Asked for' }, { timeout: 10_000 });
    commander.failing = {};
    window.dispatchEvent(new Event('online')); // does not wait out the minute
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/));
  });

  it('a server that stood still for a while is not taken for one that streams never come through', async () => {
    renderApp('/missions', (c) => {
      c.failing['GET /health'] = () => problem(502, 'commander_unreachable', 'It is away.');
      c.failing['GET /events'] = () => {
        if (c.count('GET /api/events') === 2) c.failing = {};
        return Response.json({ nothing: 'came in time' });
      };
    });
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/), { timeout: 8_000 });
  });

  it('whatever the status is with which something on the way answers', async () => {
    const { commander } = renderApp('/missions', (c) => {
      c.failing['GET /events'] = () => new HttpResponse('<h1>Bad gateway</h1>', { status: 502 });
    });
    await waitFor(async () => expect(await indicator()).toHaveAttribute('data-live', 'polling'));
    commander.missions = [wireMission({ name: 'Asked for' })];
    await screen.findByRole('link', { name: 'Asked for' }, { timeout: 10_000 });
  });
});

describe('a commander that does not take the key', () => {
  it('is told on every page, which goes on by itself once it does', async () => {
    const noKey = () => problem(401, 'unauthorized', 'This commander asks for its API key.');
    const { commander } = renderApp('/squads', (c) => {
      for (const path of ['events', 'squads', 'limits']) c.failing[`GET /${path}`] = noKey;
    });
    expect(await screen.findByText('The commander does not let this dashboard in.')).toBeVisible();
    expect(await indicator()).toHaveTextContent('Refused');
    expect(screen.getByRole('link', { name: 'System health: Health unknown' })).toBeVisible();
    expect(await screen.findByRole('heading', { name: 'The limits by key: not allowed' })).toBeVisible();
    commander.failing = {};
    await waitFor(async () => expect(await indicator()).toHaveTextContent(/^Live$/), { timeout: 5_000 });
    expect(screen.queryByText('The commander does not let this dashboard in.')).not.toBeInTheDocument();
    expect(await screen.findByText('No key has a limit of its own.')).toBeVisible(); // no event tells of limits
  });
});
