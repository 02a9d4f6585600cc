/** Small models written out by hand, and a context that trains nothing, for the tests of passes. */

import { expect } from 'vitest';
import { replaceLayers } from '#core/model/edit';
import type { Encoding } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { Values } from '#core/params';
import { clampValues, type Params } from '#core/params';
import type { Pass, PassContext, PassResult } from '#core/pass';

const LINEAR = { fn: 'linear' } as const;

/** An input of `kernels[0].shape[0]` features and a chain of dense layers d1, d2, … with these kernels and no biases. */
export function denseModel(...kernels: readonly Tensor[]): Model {
  const input: Layer = { kind: 'input', name: 'in', inputs: [], shape: [kernels[0]?.shape[0] as number] };
  const dense = kernels.map(
    (kernel, i): Layer => ({
      kind: 'dense',
      name: `d${i + 1}`,
      inputs: [i === 0 ? 'in' : `d${i}`],
      kernel: kernel.id,
      activation: LINEAR,
    }),
  );
  return modelOf([input, ...dense], kernels);
}

/** A model of these layers; the last is the output. */
export function modelOf(layers: readonly Layer[], tensors: readonly Tensor[]): Model {
  const empty: Model = {
    name: 'Test',
    layers: [],
    tensors: {},
    layout: 'nhwc',
    meta: { source: 'test' },
    inputs: layers.filter((layer) => layer.kind === 'input').map((layer) => layer.name),
    outputs: [layers.at(-1)?.name as string],
  };
  return replaceLayers(empty, layers, Object.fromEntries(tensors.map((tensor) => [tensor.id, tensor])));
}

export function tensor(shape: readonly number[], values: readonly number[], encoding?: Encoding): Tensor {
  return makeTensor(shape, Float32Array.from(values), encoding);
}

/** The kernel of a layer. */
export function kernelOf(model: Model, name: string): Tensor {
  const layer = model.layers.find((one) => one.name === name) as { kernel: string } | undefined;
  return model.tensors[layer?.kernel as string] as Tensor;
}

/** A context without an engine: training and measuring throw. */
export function plainContext(seed = 1, changes: Partial<PassContext> = {}): PassContext {
  const absent = (): never => {
    throw new Error('this pass was not expected to need the engine');
  };
  return {
    random: seededRandom(seed),
    signal: { aborted: false, throwIfAborted: () => {} },
    progress: () => {},
    train: absent,
    capture: absent,
    accuracy: absent,
    predictor: absent,
    ...changes,
  };
}

async function madeReady(pass: Pass, model: Model, values: Values, context: PassContext) {
  const complete = clampValues(pass.params as Params, values);
  const prepared: unknown = await pass.prepare?.(model, complete, context);
  return { complete, prepared };
}

/** Prepares a pass and sketches what it gives, as a slider does. */
export async function sketchPass(
  pass: Pass,
  model: Model,
  values: Values = {},
  context: PassContext = plainContext(),
): Promise<Model> {
  const { complete, prepared } = await madeReady(pass, model, values, context);
  const sketch = await pass.sketch?.(model, complete, context, prepared);
  if (!sketch) throw new Error(`${pass.id} has no sketch`);
  return sketch;
}

/** Progress that goes from 0 to 1 once: first the scan's tenth, then the training. */
export function expectOnce(told: readonly number[]): void {
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told.some((done) => done > 0 && done < 0.1)).toBe(true);
  expect(told.at(-1)).toBeCloseTo(1, 12);
}

/** Where each of these layers alone loses this much accuracy for all of its weights, in proportion to how many are zero. */
export function costing(losses: Readonly<Record<string, number>>): PassContext['accuracy'] {
  return async (predictor) => {
    if (predictor.kind !== 'model') throw new Error('a model was expected');
    return Object.entries(losses).reduce((left, [name, loss]) => {
      const { data } = kernelOf(predictor.model, name);
      return left - (loss * data.filter((w) => w === 0).length) / data.length;
    }, 1);
  };
}

/** Prepares and applies a pass, as the runner does. */
export async function applyPass(
  pass: Pass,
  model: Model,
  values: Values = {},
  context: PassContext = plainContext(),
): Promise<PassResult> {
  const { complete, prepared } = await madeReady(pass, model, values, context);
  return pass.apply(model, complete, context, prepared);
}
