import { describe, expect, it } from 'vitest';
import { DENSE, type Encoding } from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { filledTensor, makeTensor, sizeOf } from '#core/model/tensor';
import { Builder, LINEAR } from '../support/models';

const idOf = (shape: readonly number[], values: readonly number[], encoding: Encoding = DENSE): string =>
  makeTensor(shape, Float32Array.from(values), encoding).id;
const grid = (changes: object): Encoding => ({
  values: {
    kind: 'grid',
    bits: 8,
    qMin: -127,
    qMax: 127,
    scale: Float32Array.of(1),
    zeroPoint: Int32Array.of(0),
    axis: null,
    symmetric: true,
    ...changes,
  },
});

describe('makeTensor', () => {
  it('gives equal content an equal id of 32 hexadecimal digits', () => {
    expect(idOf([2], [1, 2])).toMatch(/^[0-9a-f]{32}$/);
    expect(idOf([2], [1, 2])).toBe(idOf([2], [1, 2]));
    expect(filledTensor([2, 2], 0.25).id).toBe(idOf([2, 2], [0.25, 0.25, 0.25, 0.25]));
  });

  it('tells apart values, shapes and everything in an encoding', () => {
    const ids = [
      idOf([4], [1, 2, 3, 4]),
      idOf([2, 2], [1, 2, 3, 4]),
      idOf([1, 4], [1, 2, 3, 4]),
      idOf([4], [1, 2, 4, 3]),
      idOf([4], [1, 2, 3, 4], { ...DENSE, mask: Uint8Array.of(1, 1, 1, 1) }),
      idOf([4], [1, 2, 3, 4], { ...DENSE, mask: Uint8Array.of(1, 1, 1, 0) }),
      idOf([4], [1, 2, 3, 4], { values: { kind: 'codebook', centroids: Float32Array.of(1, 2, 3, 4) } }),
      idOf([4], [1, 2, 3, 4], { values: { kind: 'codebook', centroids: Float32Array.of(1, 2, 3, 4, 5) } }),
      ...[
        {},
        { bits: 7 },
        { qMin: -128 },
        { qMax: 126 },
        { axis: 0 },
        { symmetric: false },
        { scale: Float32Array.of(2) },
        { zeroPoint: Int32Array.of(1) },
      ].map((changes) => idOf([4], [1, 2, 3, 4], grid(changes))),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('does not copy, and refuses what does not fit', () => {
    const data = new Float32Array(6);
    expect(makeTensor([2, 3], data).data).toBe(data);
    expect(() => makeTensor([2, 2], data)).toThrow('shape [2,2] needs 4 values, got 6');
    expect(() => makeTensor([2, 3], data, { ...DENSE, mask: new Uint8Array(5) })).toThrow('mask of 6');
    expect(sizeOf([])).toBe(1);
  });
});

describe('modelId', () => {
  const model = (name: string, kernel: readonly number[], layer = 'd'): Model => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [2] });
    b.add({ kind: 'dense', name: layer, inputs: ['in'], kernel: b.tensor([2, 1], kernel), activation: LINEAR });
    return { ...b.model(), name };
  };

  it('follows structure and weights, not the name or the order of keys', () => {
    const id = modelId(model('a', [1, 2]));
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(modelId(model('b', [1, 2]))).toBe(id);
    expect(modelId(model('a', [1, 3]))).not.toBe(id);
    expect(modelId(model('a', [1, 2], 'e'))).not.toBe(id);
    const plain = model('a', [1, 2]);
    expect(
      modelId({
        ...plain,
        layers: plain.layers.map(
          (layer) => Object.fromEntries(Object.entries(layer).reverse()) as unknown as typeof layer,
        ),
      }),
    ).toBe(id);
    expect(modelId({ ...plain, meta: { source: 'test', dataset: 'mnist' } })).not.toBe(id);
  });
});
