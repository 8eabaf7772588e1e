import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderApp } from '@/test/render-app';

test('header and tab say which installation this is, and that it can only be looked at', async () => {
  renderApp('/fleet', undefined, { title: 'production', readOnly: true });
  const header = within(await screen.findByRole('banner'));
  expect(header.getByText('production')).toBeVisible();
  expect(header.getByText('Read-only')).toBeVisible();
  await waitFor(() => expect(document.title).toBe('Fleet · production · Mission Control'));
});

test('without settings the header says neither', async () => {
  renderApp('/fleet');
  const header = within(await screen.findByRole('banner'));
  expect(header.queryByText('Read-only')).not.toBeInTheDocument();
  await waitFor(() => expect(document.title).toBe('Fleet · Mission Control'));
});
