import { MantineProvider } from '@mantine/core';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { JsonView } from './json-view';

afterEach(() => vi.restoreAllMocks());

function show(value: unknown) {
  render(
    <MantineProvider>
      <JsonView label="Result" value={value} file="result.json" />
    </MantineProvider>,
  );
  return { user: userEvent.setup(), box: screen.getByRole('region', { name: 'Result as JSON' }) };
}

it('reads as JSON does', () => {
  const { box } = show({ a: 'x "y"', list: [1, null, true], none: {}, 'no list': [] });
  expect(box).toHaveTextContent('{"a": "x \\"y\\"","list": [1,null,true],"none": {},"no list": []}');
});

it('says how much is folded, and unfolds by keyboard', async () => {
  const { box, user } = show({ deep: { er: { still: { down: 1 } } } });
  expect(box).toHaveTextContent('"still": { 1 field }'.replace('"still": ', '"er": '));
  expect(box).not.toHaveTextContent('"down"');
  await user.click(screen.getByRole('button', { name: 'Expand all' }));
  expect(box).toHaveTextContent('"down": 1');
  await user.click(screen.getByRole('button', { name: 'Collapse all' }));
  expect(box).toHaveTextContent('{ 1 field }');
  await user.click(within(box).getByText(/1 field/));
  expect(box).toHaveTextContent('"deep": { 1 field }');
});

it('puts thousands of values into ranges', async () => {
  const { box, user } = show({ list: Array.from({ length: 25_000 }, (_, i) => i) });
  expect(box).toHaveTextContent('"list": [ 25000 values ]');
  await user.click(within(box).getByText(/25000 values/));
  expect(box).toHaveTextContent('10000 … 19999');
  expect(box).toHaveTextContent('0 … 99');
  expect(within(box).queryByText('100,')).not.toBeInTheDocument();
  expect(box.querySelectorAll('*').length).toBeLessThan(2_000);
});

it('cuts long texts until asked for all', async () => {
  const { box, user } = show({ text: `${'x'.repeat(5_000)}END` });
  expect(box).not.toHaveTextContent('END');
  await user.click(screen.getByRole('button', { name: 'show all 5,003 characters' }));
  expect(box).toHaveTextContent('END');
});

it('shows the text as it is, copies it, and hands it over as a file', async () => {
  const value = { a: [1] };
  const { box, user } = show(value);
  await user.click(screen.getByRole('button', { name: 'Raw text' }));
  expect(box.querySelector('pre')?.textContent).toBe(JSON.stringify(value, null, 2));
  await user.click(screen.getByRole('button', { name: 'Copy Result' }));
  expect(await navigator.clipboard.readText()).toBe(JSON.stringify(value, null, 2));

  URL.createObjectURL = vi.fn(() => 'blob:x');
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => {});
  await user.click(screen.getByRole('button', { name: 'Download Result' }));
  expect((clicked.mock.instances[0] as unknown as HTMLAnchorElement).download).toBe('result.json');
});

it.each([null, 'text', 7, false])('shows %j, which is no object', (value) => {
  const { box } = show(value);
  expect(box).toHaveTextContent(JSON.stringify(value));
  expect(screen.queryByRole('button', { name: 'Expand all' })).not.toBeInTheDocument();
});
