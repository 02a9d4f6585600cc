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

const table = (structureOnly: boolean, trains = structureOnly) =>
  render(
    <Dress>
      <PreviewTable node={modelNode({ id: 'a' })} structureOnly={structureOnly} trains={trains} />
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

test('only what trains is said to', () => {
  optimize.setState({ preview: moved });
  const { unmount } = table(true);
  expect(screen.getByText(/its accuracy is known after Apply/i).textContent).toMatch(/^This method trains/);
  unmount();
  table(true, false);
  expect(screen.getByText(/its accuracy is known after Apply/i).textContent).toMatch(/^Its accuracy/);
});

test('what would change nothing says why, until Apply has said it', () => {
  const why = { en: 'Nothing was changed: no block can be left out.', zh: '' };
  optimize.setState({ preview: { ...moved, unchanged: [why] } });
  const { unmount } = table(true);
  expect(screen.getByText(why.en)).toBeTruthy();
  expect(screen.queryByText(/is known after Apply/)).toBeNull();
  act(() => optimize.setState({ fault: { code: 'unchanged', words: { en: 'No new model was made.', zh: '' } } }));
  expect(screen.queryByText(why.en)).toBeNull();
  act(() => optimize.setState({ fault: null }));
  unmount();
  // A method that has no words for it.
  optimize.setState({ preview: { ...moved, unchanged: [] } });
  table(false);
  expect(screen.getByText(/changes nothing on this model/)).toBeTruthy();
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

test('an accuracy has its own interval as in the table of models, and the change the one seen image by image', async () => {
  const measured = { value: 0.98, low: 0.975, high: 0.985, images: 10_000, loss: 0.1 };
  const node = { ...modelNode({ id: 'a' }), validation: measured };
  render(
    <Dress>
      <PreviewTable node={node} structureOnly={false} trains={false} />
    </Dress>,
  );
  const estimate = (images: number): PreviewResult => ({
    ...moved,
    accuracy: {
      value: 0.9788,
      low: 0.9742,
      high: 0.9831,
      images,
      change: { value: -0.0012, low: -0.0024, high: 0.0001 },
    },
  });
  const cells = () =>
    [...screen.getByRole('row', { name: /^Validation/ }).querySelectorAll('td')].map((cell) =>
      cell.textContent?.replace(/\s/g, ' '),
    );
  act(() => optimize.setState({ preview: estimate(1024) }));
  await expect.poll(cells).toEqual(['98.00 %', '97.88 %97.4–98.3 %', '−0.12 points']);
  expect(screen.getByText(/^Estimate: .* first 1,024 validation images.* −0\.24 to \+0\.01 points\.$/)).toBeTruthy();
  act(() => optimize.setState({ preview: estimate(10_000) }));
  await expect
    .poll(() => screen.queryByText(/^Measured on all 10,000 validation images\..* −0\.24 to \+0\.01 points\.$/))
    .toBeTruthy();
});

test('a size that counts grids as floats says so, with the packed one as soon as it was counted', async () => {
  table(false);
  act(() => optimize.setState({ preview: { ...moved, asFloats: 'perChannel' } }));
  await expect.poll(() => screen.queryByText(/per-channel grids as floats.*; \.whittle packs them\.$/)).toBeTruthy();
  act(() => optimize.setState({ preview: { ...moved, isWritten: true, asFloats: 'perChannel', packedBytes: 51_300 } }));
  await expect.poll(() => screen.queryByText(/per-channel grids as floats.*: 51\.3\skB as \.whittle\.$/)).toBeTruthy();
});
