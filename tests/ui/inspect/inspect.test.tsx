/** What is said of a layer's weights, for each family and in both languages, and the view that says it. */
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Inspection, inspectLayer } from '#core/inspection/inspection';
import { DENSE, type Encoding } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fetchTexts } from '#i18n/i18n';
import { inspection } from '#stores/inspect';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import InspectView from '#ui/inspect/InspectView.tsx';
import { sentencesOf } from '#ui/inspect/sentence.ts';
import { modelNode, projectOf, recipeOf } from '../models/nodes';

/** Four inputs, two outputs. */
const shape = [4, 2] as const;
const weights = [0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8];
function model(values: readonly number[], encoding: Encoding = DENSE, of: readonly number[] = shape): Model {
  const kernel = makeTensor(of, Float32Array.from(values), encoding);
  return {
    name: 'test',
    layers: [
      { kind: 'input', name: 'in', inputs: [], shape: [of[0] as number] },
      { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, activation: { fn: 'linear' } },
    ],
    inputs: ['in'],
    outputs: ['d'],
    tensors: { [kernel.id]: kernel },
    layout: 'nhwc',
    meta: { source: 'test' },
  };
}
const look = (after: Model) => inspectLayer(model(weights), after, 'd') as Inspection;

const signs = weights.map(Math.sign);
const cases = {
  pruning: look(model([0, 0, ...weights.slice(2)])),
  random: look(model([...weights.slice(0, 6), 0, 0])),
  everything: look(model(new Array(8).fill(0))),
  clipping: look(model([...weights.slice(0, 4), 0.4, -0.4, 0.4, -0.4])),
  sharing: look(
    model(
      signs.map((sign) => sign / 2),
      { values: { kind: 'codebook', centroids: Float32Array.of(-0.5, 0.5) } },
    ),
  ),
  binary: look(
    model(
      signs.map((sign) => sign / 2),
      { values: { kind: 'binary', scale: Float32Array.of(0.5), axis: null } },
    ),
  ),
  structure: look(model([0.1, 0.3, 0.5, 0.7], DENSE, [4, 1])),
  training: look(model(weights.map((w) => w * 1.1))),
  nothing: look(model(weights)),
} as const;
const keys = (found: Inspection, family: Parameters<typeof sentencesOf>[1] = null) =>
  sentencesOf(found, family).map(({ key }) => key);

describe('what is said', () => {
  test('follows from the numbers', () => {
    expect(sentencesOf(cases.pruning, 'pruning')).toEqual([{ key: 'zeroed', numbers: { share: 0.25 } }]);
    expect(keys(cases.random)).toEqual(['zeroedOther']);
    expect(keys(cases.everything)).toEqual(['allZero']);
    expect(sentencesOf(cases.clipping, 'quantization')).toEqual([{ key: 'clipped', numbers: { clipped: 4 } }]);
    expect(keys(cases.sharing)).toEqual(['codebookLines']);
    expect(keys(cases.binary)).toEqual(['binary']);
    expect(sentencesOf(cases.structure, 'pruning')).toEqual([{ key: 'cutNeurons', numbers: { gone: 1, all: 2 } }]);
    expect(keys(cases.training, 'training')).toEqual(['trained']);
    expect(keys(cases.training, 'quantization')).toEqual(['moved']);
    expect(keys(cases.nothing)).toEqual(['same']);
  });

  test('of a grid: the steps first, then what was rounded away', () => {
    const grid = { bits: 2, qMin: -1, qMax: 1, axis: null, symmetric: true, zeroPoint: new Int32Array(1) } as const;
    const values = { kind: 'grid', scale: Float32Array.of(0.8), ...grid } as const;
    const found = look(model([0, 0, 0, 0, 0.8, -0.8, 0.8, -0.8], { values }));
    expect(keys(found)).toEqual(['gridLines', 'rounded']);
  });

  test('of a grid whose steps differ or were trained: rounding takes others than the smallest, and is rounding still', () => {
    const grid = { bits: 2, qMin: -1, qMax: 1, axis: null, symmetric: true, zeroPoint: new Int32Array(1) } as const;
    const values = { kind: 'grid', scale: Float32Array.of(0.8), ...grid } as const;
    const found = look(model([0, 0, 0.8, 0, 0.8, -0.8, 0.8, -0.8], { values }));
    expect(keys(found, 'quantization')).toEqual(['gridLines', 'rounded']);
    expect(keys(found, 'pruning')).toEqual(['zeroedOther', 'gridLines']);
  });

  test('of a layer that is gone', () => {
    const { layers, ...rest } = model(weights);
    expect(keys(inspectLayer(model(weights), { ...rest, layers: layers.slice(0, 1) }, 'd') as Inspection)).toEqual([
      'gone',
    ]);
  });
});

describe('the view', () => {
  const child = modelNode({ id: 'b', parent: 'a', origin: recipeOf('magnitude-pruning') });
  const show = (found: Inspection, sketch = false, pass = 'magnitude-pruning') =>
    act(() =>
      inspection.setState({
        layer: null,
        compare: null,
        fault: null,
        shown: { result: { inspection: found, layers: ['d', 'e'], sketch }, by: 'step', pass },
      }),
    );

  beforeEach(() => {
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
    view.setState({ language: 'en' });
    project.setState({ ...projectOf([modelNode({ id: 'a', name: 'Parent' }), child]), selected: 'b' });
    inspection.setState({ shown: null, fault: null, layer: null, compare: null });
    render(
      <Dress>
        <InspectView node={child} />
      </Dress>,
    );
  });

  test('says what is seen, draws it twice, and counts it', async () => {
    show(cases.pruning);
    const said = '25 % of the weights were so close to zero that they became zero: the grey bar.';
    expect((await screen.findByText(/close to zero/)).textContent?.replaceAll('\u00a0', ' ')).toBe(said);
    expect(screen.getAllByRole('img').map((one) => one.getAttribute('aria-label')?.slice(0, 17))).toEqual([
      'How often each va',
      'Kernels, Before',
      'Kernels, After',
    ]);
    const zero = within(screen.getByRole('table')).getByRole('row', { name: /^Zero/ });
    expect(zero.textContent?.replaceAll('\u00a0', ' ')).toBe('Zero02 (25 %)');
    expect(screen.getByText('exactly 0')).toBeTruthy();
  });

  test('of a pass that trains says when there will be something to see', async () => {
    show(cases.nothing, true, 'fine-tuning');
    expect(await screen.findByText(/^This method trains: after Apply you see here how far/)).toBeTruthy();
  });

  test('of one that chooses otherwise does not say that it trains', async () => {
    show(cases.nothing, true, 'adaptive-rounding');
    expect(await screen.findByText(/^After Apply you see here how far/)).toBeTruthy();
    show(cases.pruning, true, 'adaptive-rounding');
    expect(await screen.findByText(/^You see where this method starts/)).toBeTruthy();
  });

  test('says what it waits for', () => {
    act(() => optimize.setState({ applying: null }));
    expect(screen.getByText('Shown as soon as the first estimate is there.')).toBeTruthy();
    act(() => optimize.setState({ applying: { method: 'fine-tuning', node: 'a', done: 0, train: null } }));
    expect(screen.getByText('Shown when what is being applied is done.')).toBeTruthy();
    act(() => optimize.setState({ applying: null }));
  });

  test('another layer and another comparison are asked for', async () => {
    show(cases.pruning);
    await screen.findByText(/close to zero/);
    await userEvent.selectOptions(screen.getByLabelText('Layer'), 'e');
    await userEvent.selectOptions(screen.getByLabelText('Compare with'), 'Parent');
    expect(inspection.getState()).toMatchObject({ layer: 'e', compare: 'parent' });
  });

  test('speaks Chinese', async () => {
    await fetchTexts('zh');
    act(() => view.setState({ language: 'zh' }));
    show(cases.structure);
    expect(await screen.findByText('2 个神经元中有 1 个连同全部权重一起被移除。')).toBeTruthy();
  });
});
