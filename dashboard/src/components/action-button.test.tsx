import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { expect, test, vi } from 'vitest';
import { SettingsContext, useReadOnly } from '@/hooks/use-settings';
import { readSettings, settings } from '@/settings';
import { ActionButton } from './action-button';

const show = (node: ReactNode) => render(<MantineProvider>{node}</MantineProvider>);

function Retry() {
  return <ActionButton unavailable={useReadOnly()}>Retry</ActionButton>;
}

test('an action that can be done is a plain button', async () => {
  const done = vi.fn();
  show(<ActionButton onClick={done}>Retry</ActionButton>);
  const button = screen.getByRole('button', { name: 'Retry' });
  await userEvent.click(button);
  expect(done).toHaveBeenCalledOnce();
  expect(button).not.toHaveAttribute('aria-disabled');
  expect(button).not.toHaveAccessibleDescription();
});

test('one that cannot is reached by Tab, says why, and does nothing', async () => {
  const done = vi.fn();
  const submit = vi.fn((e: { preventDefault: () => void }) => e.preventDefault());
  show(
    <form onSubmit={submit}>
      <ActionButton type="submit" onClick={done} unavailable="It has ended.">
        Cancel
      </ActionButton>
    </form>,
  );
  const user = userEvent.setup();
  await user.tab();
  const button = screen.getByRole('button', { name: 'Cancel' });
  expect(button).toHaveFocus();
  expect(button).toHaveAttribute('aria-disabled', 'true');
  expect(button).toHaveAccessibleDescription('It has ended.');
  await user.keyboard('{Enter}');
  await user.click(button);
  expect(done).not.toHaveBeenCalled();
  expect(submit).not.toHaveBeenCalled();
});

test('one keeps the focus when it can no longer be done, and when it can again', () => {
  const at = (unavailable?: string) => (
    <MantineProvider>
      <ActionButton unavailable={unavailable}>Drain</ActionButton>
    </MantineProvider>
  );
  const { rerender } = render(at());
  const button = screen.getByRole('button', { name: 'Drain' });
  button.focus();
  rerender(at('It is draining already.'));
  expect(button).toHaveFocus();
  expect(button).toHaveAccessibleDescription('It is draining already.');
  rerender(at());
  expect(button).toHaveFocus();
  expect(button).not.toHaveAttribute('aria-disabled');
});

test('one keeps the focus while it is busy, and does nothing more', async () => {
  const done = vi.fn();
  const at = (loading: boolean) => (
    <MantineProvider>
      <ActionButton loading={loading} onClick={done}>
        Resume
      </ActionButton>
    </MantineProvider>
  );
  const { rerender } = render(at(false));
  const button = screen.getByRole('button', { name: 'Resume' });
  button.focus();
  rerender(at(true));
  expect(button).toHaveFocus();
  expect(button).toHaveAttribute('aria-disabled', 'true');
  await userEvent.keyboard('{Enter}');
  expect(done).not.toHaveBeenCalled();
  rerender(at(false));
  expect(button).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  expect(done).toHaveBeenCalledOnce();
});

test('a read-only dashboard gives its reason to every action that asks', () => {
  show(
    <SettingsContext value={{ ...settings, readOnly: true }}>
      <Retry />
    </SettingsContext>,
  );
  expect(screen.getByRole('button', { name: 'Retry' })).toHaveAccessibleDescription(/read-only/);
});

test('settings come from the page, with defaults where the server gave none', () => {
  const page = document.implementation.createHTMLDocument();
  expect(readSettings(page)).toEqual({ basePath: '/', title: '', readOnly: false, version: '' });
  page.body.innerHTML =
    '<script type="application/json" id="settings">{"basePath":"/mc/","title":"\\u003cb\\u003e","readOnly":true,"version":"1","styleNonce":"n"}</script>';
  expect(readSettings(page)).toEqual({
    basePath: '/mc/',
    title: '<b>',
    readOnly: true,
    version: '1',
    styleNonce: 'n',
  });
  page.body.innerHTML = '<script type="application/json" id="settings">{"basePath":"mc"}</script>';
  expect(() => readSettings(page)).toThrow();
});
