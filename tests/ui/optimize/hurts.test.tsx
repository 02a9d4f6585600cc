/** Which layer hurts: beside each layer it says how the layer is held, and to how many bits what it gives out is rounded. */
import { act, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { project } from '#stores/project';
import { hurtsKey, sensitivity } from '#stores/sensitivity';
import type { ModelNode } from '#stores/state';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { Hurts } from '#ui/optimize/sensitivity/Hurts.tsx';
import type { HurtLayer, LayerSummary } from '#worker/protocol';
import { modelNode, projectOf, recipeOf } from '../models/nodes';

const layer = (name: string, of: Pick<LayerSummary, 'encoding' | 'activationBits'>): LayerSummary => ({
  name,
  kind: 'conv2d',
  inputs: [],
  shape: [8, 8, 4],
  parameters: 40,
  nonZero: 40,
  macs: 0,
  ...of,
});
const hurt = (name: string): HurtLayer => ({
  layer: name,
  images: 300,
  accuracy: { value: 0.9, low: 0.85, high: 0.93 },
  difference: { value: -0.01, low: -0.02, high: 0 },
  decibels: 31.4,
});

test('a layer’s row says how its weights are held, and the bits of its activations where they are rounded', () => {
  const before = modelNode({ id: 'a' });
  const made = modelNode({ id: 'b', parent: 'a', origin: recipeOf('static-quantization') });
  const node: ModelNode = {
    ...made,
    summary: {
      ...made.summary,
      layers: [
        layer('conv_1', { encoding: { kind: 'grid', bits: 4, sparsity: 0.9 }, activationBits: 8 }),
        layer('conv_2', { encoding: { kind: 'dense', sparsity: 0 } }),
      ],
    },
  };
  view.setState({ language: 'en' });
  project.setState({ ...projectOf([before, node]), selected: 'b', past: [], future: [] });
  sensitivity.setState({
    hurts: { [hurtsKey(node, before, sensitivity.getState())]: [hurt('conv_1'), hurt('conv_2')] },
  });
  render(
    <Dress>
      <Hurts node={node} />
    </Dress>,
  );
  const rows = screen.getAllByRole('rowheader').map((one) => one.textContent?.replace(/\s/g, ' '));
  expect(rows).toEqual(['conv_14 bits, 90 % zero · Activation bits 8', 'conv_232-bit float']);
});

test('it says on how many images that was, and what the model before has on the same ones', async () => {
  const before = modelNode({ id: 'a', name: 'Small CNN', validation: 0.88 });
  const node = modelNode({ id: 'b', parent: 'a', origin: recipeOf('weight-quantization') });
  view.setState({ language: 'en' });
  project.setState({ ...projectOf([before, node]), selected: 'b', past: [], future: [] });
  const show = (images: number) =>
    sensitivity.setState({
      hurts: { [hurtsKey(node, before, sensitivity.getState())]: [{ ...hurt('conv_1'), images }] },
    });
  show(250);
  render(
    <Dress>
      <Hurts node={node} />
    </Dress>,
  );
  const said = () => screen.getByText(/^Measured on/).textContent?.replace(/\s/g, ' ');
  expect(said()).toBe('Measured on the first 250 validation images, where Small CNN has 91.00 %.');
  act(() => show(300));
  await expect.poll(said).toBe('Measured on all 300 validation images, where Small CNN has 91.00 %.');
});
