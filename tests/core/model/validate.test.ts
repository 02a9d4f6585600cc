import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { Encoding, GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { makeTensor } from '#core/model/tensor';
import {
  inTopologicalOrder,
  ModelError,
  type ModelErrorCode,
  nonFiniteValues,
  validateModel,
} from '#core/model/validate';
import { TEMPLATES } from '#core/templates';
import { Builder, LINEAR } from '../support/models';

function faultOf(model: Model): ModelError | null {
  try {
    validateModel(model);
    return null;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}
const codeOf = (model: Model): ModelErrorCode | undefined => faultOf(model)?.code;
const input: Layer = { kind: 'input', name: 'in', inputs: [], shape: [4] };
const relu = (name: string, ...inputs: string[]): Layer => ({
  kind: 'activation',
  name,
  inputs,
  activation: { fn: 'relu' },
});
const add = (name: string, ...inputs: string[]): Layer => ({ kind: 'add', name, inputs });
function graph(layers: readonly Layer[], changes: Partial<Model> = {}): Model {
  return {
    name: 'm',
    layers,
    inputs: ['in'],
    outputs: [layers.at(-1)?.name ?? ''],
    tensors: {},
    layout: 'nhwc',
    meta: { source: 'test' },
    ...changes,
  };
}
function withKernel(values: readonly number[], encoding?: Encoding): Model {
  const b = new Builder();
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [2] });
  b.add({ kind: 'dense', name: 'd', inputs: ['in'], kernel: b.tensor([2, 2], values, encoding), activation: LINEAR });
  return b.model();
}
const grid = (changes: Partial<GridValues>): Encoding => ({
  values: {
    kind: 'grid',
    bits: 4,
    qMin: -7,
    qMax: 7,
    scale: Float32Array.of(0.1),
    zeroPoint: Int32Array.of(0),
    axis: null,
    symmetric: true,
    ...changes,
  },
});

describe('validateModel', () => {
  it.each(TEMPLATES.map((template) => template.id))('finds nothing wrong with %s', (id) => {
    const template = TEMPLATES.find((candidate) => candidate.id === id);
    expect(faultOf(createModel((template as (typeof TEMPLATES)[number]).architecture([28, 28, 1], 10), 5))).toBeNull();
  });

  it('finds graphs that are none, and names the layer', () => {
    expect(faultOf(graph([input, relu('a', 'b'), relu('b', 'in')]))).toMatchObject({ code: 'order', layer: 'a' });
    expect(faultOf(graph([input, relu('a', 'nowhere')]))).toMatchObject({ code: 'unknown-input', layer: 'a' });
    expect(faultOf(graph([input, relu('a', 'in'), relu('a', 'in')]))).toMatchObject({
      code: 'duplicate-layer',
      layer: 'a',
    });
    expect(faultOf(graph([input, relu('in', 'in')]))).toMatchObject({ code: 'duplicate-layer' });
    expect(codeOf(graph([input, relu('', 'in')]))).toBe('nameless-layer');
    expect(codeOf(graph([input], { outputs: [] }))).toBe('no-output');
    expect(codeOf(graph([input], { outputs: ['x'] }))).toBe('unknown-output');
    expect(codeOf(graph([relu('a')], { inputs: [] }))).toBe('no-input');
    expect(codeOf(graph([input, relu('a', 'in')], { inputs: ['a'] }))).toBe('unknown-input');
  });

  it('names the layers of a cycle, and does not hang on one', () => {
    const cyclic = faultOf(graph([input, add('a', 'in', 'c'), relu('b', 'a'), relu('c', 'b'), relu('d', 'c')]));
    expect(cyclic?.code).toBe('cycle');
    expect(cyclic?.words.en).toMatch(/a → b → c → a|b → c → a → b|c → a → b → c/);
    expect(cyclic?.words.zh).toContain('→');
    expect(codeOf(graph([input, add('self', 'in', 'self')]))).toBe('cycle');
  });

  it('finds missing tensors and tensors that do not fit', () => {
    const good = withKernel([1, 2, 3, 4]);
    expect(faultOf(good)).toBeNull();
    expect(faultOf({ ...good, tensors: {} })).toMatchObject({
      code: 'missing-tensor',
      layer: 'd',
      message: 'Layer d: its kernel is missing.',
    });
    const wide: Model = {
      ...good,
      layers: [{ kind: 'input', name: 'in', inputs: [], shape: [3] }, ...good.layers.slice(1)],
    };
    expect(faultOf(wide)).toMatchObject({
      code: 'shape',
      message: 'Layer d: its weights are made for 2 inputs, but it receives 3.',
    });
  });

  it('holds encodings against values', () => {
    expect(
      codeOf(withKernel([1, 0, 3, 4], { mask: Uint8Array.of(1, 0, 1, 1), values: { kind: 'dense' } })),
    ).toBeUndefined();
    expect(codeOf(withKernel([1, 2, 3, 4], { mask: Uint8Array.of(1, 0, 1, 1), values: { kind: 'dense' } }))).toBe(
      'encoding',
    );
    expect(codeOf(withKernel([1, 0, 3, 4], { mask: Uint8Array.of(1, 0, 2, 1), values: { kind: 'dense' } }))).toBe(
      'encoding',
    );
    const [id, tensor] = Object.entries(withKernel([1, 2, 3, 4]).tensors)[0] as [string, ReturnType<typeof makeTensor>];
    expect(
      codeOf({
        ...withKernel([1, 2, 3, 4]),
        tensors: { [id]: { ...tensor, encoding: { mask: new Uint8Array(3), values: { kind: 'dense' } } } },
      }),
    ).toBe('encoding');

    expect(codeOf(withKernel([0.1, -0.7, 0, 0.3], grid({})))).toBeUndefined();
    expect(codeOf(withKernel([0.1, -0.7, 0.05, 0.3], grid({})))).toBe('encoding');
    expect(codeOf(withKernel([0.1, -0.8, 0, 0.3], grid({})))).toBe('encoding');
    expect(codeOf(withKernel([0.1, -0.7, 0, 0.3], grid({ scale: Float32Array.of(Number.NaN) })))).toBe('encoding');
    expect(codeOf(withKernel([0.1, -0.7, 0, 0.3], grid({ bits: 3 })))).toBe('encoding');
    expect(codeOf(withKernel([0.1, -0.7, 0, 0.3], grid({ axis: 1 })))).toBe('encoding');
    expect(
      codeOf(
        withKernel([0.1, 1, 0, 3], grid({ axis: 1, scale: Float32Array.of(0.1, 1), zeroPoint: Int32Array.of(0, 0) })),
      ),
    ).toBeUndefined();

    const book: Encoding = { values: { kind: 'codebook', centroids: Float32Array.of(-1, 2) } };
    expect(codeOf(withKernel([-1, 2, 2, -1], book))).toBeUndefined();
    expect(codeOf(withKernel([-1, 2, 0, -1], book))).toBe('encoding');
    expect(codeOf(withKernel([-1, 2, 0, -1], { ...book, mask: Uint8Array.of(1, 1, 0, 1) }))).toBeUndefined();
    expect(
      codeOf(withKernel([-1, 2, 2, -1], { values: { kind: 'codebook', centroids: Float32Array.of(2, -1) } })),
    ).toBe('encoding');
  });
});

describe('nonFiniteValues', () => {
  it('counts them by layer and tensor, and they are no error', () => {
    const model = withKernel([1, Number.NaN, Number.POSITIVE_INFINITY, 4]);
    expect(faultOf(model)).toBeNull();
    expect(nonFiniteValues(model)).toMatchObject([{ layer: 'd', role: 'kernel', count: 2 }]);
    expect(nonFiniteValues(model)[0]?.words.en).toContain('2 of the 4 values');
    expect(nonFiniteValues(withKernel([1, 2, 3, 4]))).toEqual([]);
  });
});

describe('inTopologicalOrder', () => {
  it('puts inputs first and otherwise keeps the order', () => {
    const layers = [add('sum', 'b', 'a'), relu('a', 'in'), relu('b', 'a'), input];
    expect(inTopologicalOrder(layers).map((layer) => layer.name)).toEqual(['in', 'a', 'b', 'sum']);
  });

  it('takes 100,000 layers in a chain without recursion', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) => relu(`l${i}`, i === 0 ? 'in' : `l${i - 1}`));
    expect(inTopologicalOrder([...chain.reverse(), input])).toHaveLength(100_001);
  });

  it('reads an input named twice once', () => {
    expect(inTopologicalOrder([add('twice', 'in', 'in'), input]).map((layer) => layer.name)).toEqual(['in', 'twice']);
  });
});
