import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { inProgress, wireMission } from '@/test/factories/mission';
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
