import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { completed, failed, wireMission } from '@/test/factories/mission';
import { wireBulkJob } from '@/test/fake-bulk';
import { problem } from '@/test/fake-commander';
import { renderApp } from '@/test/render-app';

const failedMissions = (n: number) =>
  Array.from({ length: n }, (_, i) => failed(wireMission({ name: `Failed ${i}` })));

async function openDialog(user: ReturnType<typeof renderApp>['user'], item: RegExp) {
  await user.click(await screen.findByRole('button', { name: /^All (that match|missions)$/ }));
  await user.click(await screen.findByRole('menuitem', { name: item }));
  return screen.findByRole('dialog');
}

describe('a bulk job', () => {
  it('is previewed, ordered, followed and stopped', async () => {
    const { commander, user } = renderApp('/missions?status=FAILED', (c) => {
      c.missions = [...failedMissions(12), completed(wireMission())];
    });
    const dialog = await openDialog(user, /^Retry all that match/);
    expect(await within(dialog).findByText('12 missions')).toBeVisible();
    expect(within(dialog).getAllByText(/^Failed \d/)).toHaveLength(10);
    expect(within(dialog).getByText('and 2 others')).toBeVisible();
    await user.type(within(dialog).getByLabelText('Reason'), 'the relay is back');
    await user.click(within(dialog).getByRole('button', { name: 'Retry 12 missions' }));
    expect(await within(dialog).findByText('Running')).toBeVisible();
    expect(commander.bulkOrders).toEqual([
      { action: 'retry', filter: { status: 'FAILED' }, reason: 'the relay is back' },
    ]);

    commander.bulk = commander.bulk.map((job) => ({ ...job, examined: 5, matched: 5, changed: 3 }));
    commander.send('bulk', { jobs: commander.bulk, degraded: false });
    await waitFor(() =>
      expect(within(dialog).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '25'),
    );
    await user.click(within(dialog).getByRole('button', { name: 'Stop' }));
    expect(await within(dialog).findByText('Stopped')).toBeVisible();
    expect(commander.bulkOrders).toHaveLength(1);
    expect(commander.count('GET /api/bulk')).toBe(0); // all of it was pushed
  });

  it('on all missions wants a word first', async () => {
    const { commander, user } = renderApp('/missions', (c) => {
      c.missions = failedMissions(1);
      c.previewIsComplete = false;
    });
    const dialog = await openDialog(user, /^Purge all missions/);
    expect(await within(dialog).findByText('more than 1 mission')).toBeVisible();
    const button = within(dialog).getByRole('button', { name: 'Purge them all' });
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByLabelText('Type “purge all” to go on'), 'purge all');
    await user.click(button);
    await within(dialog).findByText('Running');
    expect(commander.bulkOrders).toEqual([{ action: 'purge', all: true }]);
  });

  it('that is refused says why, and can be ordered again', async () => {
    const { commander, user } = renderApp('/missions?kind=simulate', (c) => {
      c.missions = failedMissions(1);
      c.failing['POST /bulk'] = () => problem(409, 'too_many_jobs', '100 bulk jobs wait already.');
    });
    const dialog = await openDialog(user, /^Retry/);
    await user.click(await within(dialog).findByRole('button', { name: 'Retry 1 mission' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent(
      /100 bulk jobs wait already.*too_many_jobs/,
    );
    commander.failing['POST /bulk'] = () => problem(503, 'store_unavailable', 'Redis is away.');
    await user.click(within(dialog).getByRole('button', { name: 'Retry 1 mission' }));
    await waitFor(() =>
      expect(within(dialog).getByRole('alert')).toHaveTextContent(/Redis is away.*It may have been taken/),
    );
  });

  it('that would change nothing says so', async () => {
    const { user } = renderApp('/missions', (c) => {
      c.missions = [completed(wireMission())];
    });
    const dialog = await openDialog(user, /^Cancel/);
    expect(
      await within(dialog).findByText('Only missions that have not ended can be cancelled.'),
    ).toBeVisible();
    expect(within(dialog).queryByRole('button', { name: /^Cancel/ })).not.toBeInTheDocument();
  });
});

describe('the bulk jobs page', () => {
  it('tells what came of each job', async () => {
    renderApp('/bulk', (c) => {
      c.bulk = [
        wireBulkJob({
          state: 'done',
          changed: 1_200,
          failed: 1,
          skipped: { completed: 3, gone: 2 },
          failures: [
            { mission_id: '0193a5b0-7c1e-7d7a-9c3b-000000000001', message: 'Redis did not answer.' },
          ],
          reason: 'the relay is back',
          finished_at: new Date().toISOString(),
        }),
        wireBulkJob({ action: 'purge', all: true, filter: undefined }),
      ];
    });
    const [first, second] = await screen
      .findAllByRole('listitem')
      .then(() =>
        [...screen.getByRole('list', { name: 'Bulk jobs' }).children].map((job) =>
          within(job as HTMLElement),
        ),
      );
    expect(first?.getByText('Done')).toBeVisible();
    expect(first?.getByText(/left alone \(3 completed, 2 removed meanwhile\)/)).toHaveTextContent(
      '1,200 retried',
    );
    expect(first?.getByRole('link', { name: '0193a5b0-7c1e-7d7a-9c3b-000000000001' })).toBeVisible();
    expect(first?.getByText(/the relay is back/)).toBeVisible();
    expect(first?.queryByRole('button', { name: 'Stop' })).not.toBeInTheDocument();
    expect(second?.getByRole('heading', { name: 'Purge all missions' })).toBeVisible();
    expect(second?.getByRole('button', { name: 'Stop' })).toBeVisible();
  });

  it('says that there is none', async () => {
    renderApp('/bulk');
    expect(await screen.findByRole('heading', { name: 'No bulk jobs' })).toBeVisible();
  });
});
