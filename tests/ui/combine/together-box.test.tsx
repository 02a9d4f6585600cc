/** The box of what the choice would give: busy for as long as what it shows is not the latest answer. */
import { act, render, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { combine } from '#stores/combine';
import { Dress } from '#ui/App.tsx';
import { TogetherBox } from '#ui/combine/TogetherBox.tsx';
import type { CombinePreview } from '#worker/protocol-ensembles';
import { accuracy } from '../models/nodes';
import { members } from './nodes';

const preview = (value: number): CombinePreview => ({
  validation: accuracy(value),
  macs: 30_000,
  parameters: 3000,
  used: [1, 1],
  weights: [0.5, 0.5],
  members: [accuracy(0.9), accuracy(0.91)],
});

test('is busy while the figure of before is still shown', async () => {
  combine.setState({ preview: null, previewing: false });
  render(
    <Dress>
      <TogetherBox members={members} />
    </Dress>,
  );
  const figure = () => screen.getByTestId('together').textContent;
  const box = () => screen.getByTestId('together').closest('section') as HTMLElement;
  act(() => combine.setState({ preview: preview(0.95) }));
  await waitFor(() => expect(figure()).toContain('95.00'));
  await waitFor(() => expect(box().getAttribute('aria-busy')).toBe('false'));
  // The next answer is there, and will be drawn in a moment.
  act(() => combine.setState({ preview: preview(0.97) }));
  if (!figure()?.includes('97.00')) expect(box().getAttribute('aria-busy')).toBe('true');
  act(() => combine.setState({ preview: preview(0.96) }));
  expect(figure()).not.toContain('96.00');
  expect(box().getAttribute('aria-busy')).toBe('true');
  await waitFor(() => expect(figure()).toContain('96.00'));
  await waitFor(() => expect(box().getAttribute('aria-busy')).toBe('false'));
});
