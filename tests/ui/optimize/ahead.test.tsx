/** What a method would give up of earlier steps' work, or refuses, as it is said before Apply. */
import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { optimize, setMethod } from '#stores/optimize';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { OptimizeTab } from '#ui/optimize/OptimizeTab.tsx';
import type { LayerSummary, PreviewResult } from '#worker/protocol';
import { accuracy, modelNode, projectOf } from '../models/nodes';

const layer = (masked: boolean): LayerSummary => ({
  name: 'dense',
  kind: 'dense',
  inputs: [],
  shape: [10],
  parameters: 100,
  nonZero: 10,
  macs: 100,
  encoding: { kind: 'dense', sparsity: 0.9, ...(masked ? { masked: true } : {}) },
});
const holding = (id: string, masked: boolean): ModelNode => {
  const node = modelNode({ id, name: id });
  return { ...node, summary: { ...node.summary, layers: [layer(masked)] }, validation: accuracy(0.9) };
};
const preview: PreviewResult = { parameters: 500, nonZero: 500, macs: 1, bytes: 1, isWritten: true, accuracy: null };
const apply = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Apply' });

beforeEach(() => {
  view.setState({ language: 'en', tab: 'optimize', optimizeView: 'method' });
  const nodes = [holding('pruned', true), holding('plain', false)];
  project.setState({ ...projectOf(nodes), selected: 'pruned', past: [], future: [] });
  render(
    <Dress>
      <OptimizeTab />
    </Dress>,
  );
});

test('what would be lost is said with the reason as soon as it is known, and can be done all the same', () => {
  act(() => {
    setMethod('distillation');
    const lost = [{ en: 'After this step this model is no longer pruned.', zh: '这一步之后，这个模型的剪枝将失效。' }];
    optimize.setState({ preview: { ...preview, lost } });
  });
  expect(screen.getByText('After this step this model is no longer pruned.')).toBeTruthy();
  expect(screen.getByText(/^A student that starts afresh has weights.*Or distil first/)).toBeTruthy();
  act(() => optimize.setState({ preview }));
  expect(screen.queryByText('After this step this model is no longer pruned.')).toBeNull();
});

test('what is refused cannot be applied, and says why at once; another model can', () => {
  act(() => setMethod('binary-weights'));
  const words = /^Binary weights cannot run on a model with pruned weights\. .*Make them ternary instead\.$/;
  expect(screen.getAllByText(words)).toHaveLength(1);
  expect(apply().disabled).toBe(true);
  act(() => project.setState({ selected: 'plain' }));
  expect(screen.queryByText(words)).toBeNull();
});

test('what is being applied is named with its model, whichever is looked at meanwhile', () => {
  act(() => {
    optimize.setState({ applying: { method: 'gradual-pruning', node: 'pruned', done: 0.71, train: null } });
    project.setState({ selected: 'plain' });
  });
  expect(screen.getByText('Applying Gradual pruning to pruned')).toBeTruthy();
  expect(apply().disabled).toBe(true);
  expect(screen.getByRole('button', { name: 'Cancel' })).toBeTruthy();
  act(() => optimize.setState({ applying: null }));
});
