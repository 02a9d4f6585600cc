/** What the sliders' position would give: bytes that were not counted say so. */
import { act, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
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

test('a size is marked as an estimate until the file was written', async () => {
  view.setState({ language: 'en' });
  optimize.setState({ preview: null });
  render(
    <Dress>
      <PreviewTable node={modelNode({ id: 'a' })} structureOnly={false} />
    </Dress>,
  );
  expect(shown()).toBe('–');
  act(() => optimize.setState({ preview: moved }));
  await expect.poll(shown).toBe('≈ 2.4 kB');
  // For programs it is a number all along.
  expect(size()?.getAttribute('data-value')).toBe('2400');
  act(() => optimize.setState({ preview: { ...moved, bytes: 2380, isWritten: true } }));
  await expect.poll(shown).toBe('2.38 kB');
});
