/** What is proposed after a method was applied. */
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Values } from '#core/params';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { Applied } from '#ui/optimize/Applied.tsx';
import type { LayerSummary } from '#worker/protocol';
import { modelNode, projectOf } from '../models/nodes';

const layer = (kind: LayerSummary['kind']): LayerSummary => ({
  name: kind,
  kind,
  inputs: [],
  shape: [10],
  parameters: 10,
  nonZero: 10,
  macs: 10,
  encoding: { kind: 'dense', sparsity: 0 },
});
const made = (pass: string, kinds: readonly LayerSummary['kind'][], values: Values): ModelNode => {
  const node = modelNode({ id: 'n', name: 'n' });
  const recipe = { version: 1, seed: 1, steps: [{ pass, values }] } as const;
  return {
    ...node,
    summary: { ...node.summary, layers: kinds.map(layer) },
    origin: { kind: 'recipe', recipe, seconds: 1, reports: [] },
  };
};

test.each([
  ['magnitude-pruning', ['conv2d', 'batchNorm'], {}, true],
  ['magnitude-pruning', ['conv2d'], {}, false],
  ['fine-tuning', ['conv2d', 'batchNorm'], {}, false],
  ['channel-pruning', ['conv2d', 'batchNorm'], { norms: true }, false],
  ['channel-pruning', ['conv2d', 'batchNorm'], { norms: false }, true],
  ['batch-norm-statistics', ['conv2d', 'batchNorm'], {}, false],
] as const)('after %s on %s with %o, normalisation is proposed: %s', (pass, kinds, values, isProposed) => {
  view.setState({ language: 'en' });
  const node = made(pass, kinds, values);
  project.setState({ ...projectOf([node]), selected: 'n', past: [], future: [] });
  const result = { model: node.summary, validation: null, test: null, reports: [], notes: [], seconds: 1 };
  render(
    <Dress>
      <Applied node={node} result={result} />
    </Dress>,
  );
  const button = screen.queryByRole('button', { name: 'Re-estimate batch normalisation' });
  expect(button !== null).toBe(isProposed);
  if (!button) return;
  fireEvent.click(button);
  expect(optimize.getState().method).toBe('batch-norm-statistics');
});

test('a size that counts grids as floats stands beside the packed one', () => {
  view.setState({ language: 'en' });
  const node = made('static-quantization', ['conv2d'], {});
  const model = { ...node.summary, asFloats: 'perChannel' as const, packedBytes: 51_300 };
  const result = { model, validation: null, test: null, reports: [], notes: [], seconds: 1 };
  render(
    <Dress>
      <Applied node={{ ...node, summary: model }} result={result} />
    </Dress>,
  );
  expect(screen.getByText(/per-channel grids as floats.*: 51\.3\skB as \.whittle\.$/)).toBeTruthy();
});
