/** What the sliders' position would give: bytes that were not counted say so. */
import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { optimize } from '#stores/optimize';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { PreviewTable } from '#ui/optimize/PreviewTable.tsx';
import type { PreviewResult } from '#worker/protocol';
import { modelNode } from '../models/nodes';

const moved: PreviewResult = {
  parameters: 1000,
  nonZero: 500,
  macs: 10,
  bytes: 2400,
  isWritten: false,
  accuracy: null,
};
const size = () => screen.getByRole('row', { name: /^Size/ }).querySelectorAll('td')[1];
const shown = () => size()?.textContent?.replace(/\s/g, ' ');

const table = (structureOnly: boolean) =>
  render(
    <Dress>
      <PreviewTable node={modelNode({ id: 'a' })} structureOnly={structureOnly} />
    </Dress>,
  );

beforeEach(() => {
  view.setState({ language: 'en' });
  optimize.setState({ preview: null, previewing: false });
});

test('what ≈ means is told while it is in sight, and keeps its place until the next move', async () => {
  const told = () => screen.queryByText(/^≈ is an estimate/);
  const isSeen = () => getComputedStyle(told() as Element).visibility !== 'hidden';
  table(false);
  // A method that was refused has no figures.
  expect(told()).toBeNull();
  act(() => optimize.setState({ preview: moved }));
  await expect.poll(() => told()?.textContent).toMatch(/when the slider rests/);
  expect(isSeen()).toBe(true);
  act(() => optimize.setState({ preview: { ...moved, bytes: 2380, isWritten: true } }));
  await expect.poll(shown).toBe('2.38 kB');
  expect(isSeen()).toBe(false);
});

test('of a method that trains the bytes are counted on Apply', () => {
  optimize.setState({ preview: moved });
  table(true);
  expect(screen.getByText(/^≈ is an estimate/).textContent).toMatch(/on Apply/);
});

test('a size is marked as an estimate until the file was written', async () => {
  table(false);
  expect(shown()).toBe('–');
  act(() => optimize.setState({ preview: moved }));
  await expect.poll(shown).toBe('≈ 2.4 kB');
  // For programs it is a number all along.
  expect(size()?.getAttribute('data-value')).toBe('2400');
  act(() => optimize.setState({ preview: { ...moved, bytes: 2380, isWritten: true } }));
  await expect.poll(shown).toBe('2.38 kB');
});
