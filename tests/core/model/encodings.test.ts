/** Halves, signs, books for each channel and activation grids: what is refused, what edits keep, and what ids cover. */
import { describe, expect, it } from 'vitest';
import { bypassLayers, expandLayers, replaceLayers, sliceTensor, withActivationGrids } from '#core/model/edit';
import {
  type CodebookValues,
  codesOf,
  type Encoding,
  type GridValues,
  reorderedCodebook,
  signGrid,
  usedCodebook,
} from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import type { Layer } from '#core/model/layers';
import { withoutSoftmax } from '#core/model/logits';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { ModelError, validateModel } from '#core/model/validate';
import { modelOf, tensor } from '../passes/helpers';

const SIGNS = { kind: 'binary', scale: Float32Array.of(0.5, 2), axis: 1 } as const;
/** Channel 0: 1 and 2; channel 1: none; channel 2: -1. */
const BOOKS: CodebookValues = {
  kind: 'codebook',
  centroids: Float32Array.of(1, 2, -1),
  books: { axis: 1, offsets: Int32Array.of(0, 2, 2, 3) },
};
const MASK = Uint8Array.of(1, 0, 1, 1, 0, 1);

const grid = (scale: number, changes: Partial<GridValues> = {}): GridValues => ({
  kind: 'grid',
  bits: 8,
  qMin: 0,
  qMax: 255,
  scale: Float32Array.of(scale),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: false,
  ...changes,
});

function network(grids: Readonly<Record<string, GridValues>>, kernel = tensor([2, 2], [1, 2, 3, 4])): Model {
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, activation: { fn: 'relu' } },
    { kind: 'dropout', name: 'drop', inputs: ['d'], rate: 0.5 },
    { kind: 'activation', name: 'out', inputs: ['drop'], activation: { fn: 'softmax' } },
  ];
  return withActivationGrids(modelOf(layers, [kernel]), grids);
}
const faultOf = (model: Model): string => {
  try {
    validateModel(model);
    return '';
  } catch (error) {
    return (error as ModelError).message;
  }
};
const kernelFault = (values: readonly number[], encoding: Encoding): string =>
  faultOf(network({}, tensor([2, values.length / 2], values, encoding)));

describe('codes', () => {
  it('of signs are +1 and -1, of halves their bits, of books positions in the whole list', () => {
    const data = Float32Array.of(0.5, -2, -0.5, 2);
    expect([...codesOf(data, [2, 2], { values: SIGNS })]).toEqual([1, -1, -1, 1]);
    expect([...codesOf(Float32Array.of(1, -2), [2], { values: { kind: 'half' } })]).toEqual([0x3c00, 0xc000]);
    expect([...codesOf(Float32Array.of(1, 0, -1, 2, 0, -1), [2, 3], { mask: MASK, values: BOOKS })]).toEqual([
      0, -1, 2, 1, -1, 2,
    ]);
  });

  it('lie on the grid of signs as well', () => {
    const data = Float32Array.of(0.5, -2, -0.5, 2);
    expect([...codesOf(data, [2, 2], { values: signGrid(SIGNS) })]).toEqual([1, -1, -1, 1]);
    expect(kernelFault([0.5, -2, 0, 2], { mask: Uint8Array.of(1, 1, 0, 1), values: signGrid(SIGNS) })).toBe('');
  });
});

describe('a model is refused', () => {
  it('where values are not what their encoding says', () => {
    expect(kernelFault([0.5, -2, -0.5, 2], { values: SIGNS })).toBe('');
    expect(kernelFault([0.5, -2, -0.4, 2], { values: SIGNS })).toContain('plus or minus its scale (at 2)');
    expect(kernelFault([0.5, -2, -0.5, 2], { mask: Uint8Array.of(1, 1, 1, 1), values: SIGNS })).toContain(
      'no room for 0',
    );
    expect(kernelFault([0.5, -2, -0.5, 2], { values: { ...SIGNS, scale: Float32Array.of(0.5) } })).toContain(
      '1 scales',
    );
    expect(kernelFault([0.5, 0.1], { values: { kind: 'half' } })).toContain('half precision (at 1)');
    expect(kernelFault([1, 0, -1, 2, 0, -1], { mask: MASK, values: BOOKS })).toBe('');
    expect(kernelFault([-1, 0, -1, 2, 0, -1], { mask: MASK, values: BOOKS })).toContain('not in its codebook (at 0)');
    // Channel 1 has an empty book, so all of it has to be pruned.
    expect(kernelFault([1, 1, -1, 2, 0, -1], { mask: MASK.with(1, 1), values: BOOKS })).toContain('codebook (at 1)');
    const short = { ...BOOKS, books: { axis: 1, offsets: Int32Array.of(0, 2, 2, 2) } };
    expect(kernelFault([1, 0, -1, 2, 0, -1], { mask: MASK, values: short })).toContain('not in order');
  });

  it('where activation grids name no layer, are no grid, or differ by channel', () => {
    expect(faultOf(network({ in: grid(1) }))).toBe('');
    expect(faultOf({ ...network({}), activationGrids: { gone: grid(1) } })).toContain('no such layer');
    expect(faultOf(network({ d: grid(0) }))).toContain('not a number above 0');
    expect(faultOf(network({ d: grid(1, { qMax: 256 }) }))).toContain('does not fit 8 bits');
    const perChannel = grid(1, { axis: 0, scale: Float32Array.of(1, 1), zeroPoint: Int32Array.of(0, 0) });
    expect(faultOf(network({ d: perChannel }))).toContain('one for all');
    expect(() => validateModel(network({ d: grid(0) }))).toThrow(ModelError);
  });
});

describe('edits', () => {
  it('slice signs and books along their axis, and drop what is no longer used', () => {
    const signs = tensor([2, 2], [0.5, -2, -0.5, 2], { values: SIGNS });
    expect(sliceTensor(signs, 1, [1]).encoding.values).toEqual({ ...SIGNS, scale: Float32Array.of(2) });
    expect(sliceTensor(signs, 0, [1]).encoding.values).toEqual(SIGNS);
    const shared = tensor([2, 3], [1, 0, -1, 2, 0, -1], { mask: MASK, values: BOOKS });
    expect(sliceTensor(shared, 1, [0, 1]).encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.of(1, 2),
      books: { axis: 1, offsets: Int32Array.of(0, 2, 2) },
    });
    expect(sliceTensor(shared, 0, [1]).encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.of(2, -1),
      books: { axis: 1, offsets: Int32Array.of(0, 1, 1, 2) },
    });
    const empty = sliceTensor(shared, 1, [1]);
    expect(kernelFault([...empty.data], empty.encoding)).toBe('');
  });

  it('keep books in order when their centroids are trained', () => {
    expect(reorderedCodebook(BOOKS, Float32Array.of(5, 3, -2)).centroids).toEqual(Float32Array.of(3, 5, -2));
    const one: CodebookValues = { kind: 'codebook', centroids: Float32Array.of(1, 2, 3) };
    expect(reorderedCodebook(one, Float32Array.of(3, 2, -1)).centroids).toEqual(Float32Array.of(-1, 2, 3));
    expect(usedCodebook(one, Float32Array.of(3, 1), [2]).centroids).toEqual(Float32Array.of(1, 3));
    expect(usedCodebook(one, Float32Array.of(0), [1], Uint8Array.of(0)).centroids).toHaveLength(1);
  });

  it('keep activation grids with their layers, and drop them with these', () => {
    const model = network({ in: grid(1), drop: grid(2) });
    expect(Object.keys(bypassLayers(model, ['drop']).activationGrids ?? {})).toEqual(['in']);
    expect(bypassLayers(network({ drop: grid(2) }), ['drop'])).not.toHaveProperty('activationGrids');
    expect(replaceLayers(model, model.layers).activationGrids).toEqual(model.activationGrids);
    const twice = expandLayers(
      model,
      new Map([
        [
          'drop',
          {
            layers: [
              { kind: 'dropout', name: 'first', inputs: ['d'], rate: 0.1 },
              { kind: 'dropout', name: 'drop', inputs: ['first'], rate: 0.1 },
            ],
            tensors: [],
          },
        ],
      ]),
    );
    expect(Object.keys(twice.activationGrids ?? {})).toEqual(['in', 'drop']);
    // A grid for probabilities is none for logits.
    expect(
      Object.keys(withoutSoftmax(network({ in: grid(1), out: grid(1 / 255) })).model.activationGrids ?? {}),
    ).toEqual(['in']);
  });
});

describe('ids', () => {
  it('cover every encoding and every activation grid', () => {
    const data = Float32Array.of(0.5, -2, -0.5, 2);
    const encodings: readonly Encoding[] = [
      { values: { kind: 'dense' } },
      { values: { kind: 'half' } },
      { values: SIGNS },
      { values: { kind: 'binary', scale: Float32Array.of(0.5), axis: null } },
      { values: signGrid(SIGNS) },
      { values: { kind: 'codebook', centroids: Float32Array.of(-2, -0.5, 0.5, 2) } },
      {
        values: {
          kind: 'codebook',
          centroids: Float32Array.of(-0.5, 0.5, -2, 2),
          books: { axis: 1, offsets: Int32Array.of(0, 2, 4) },
        },
      },
    ];
    const ids = encodings.map((encoding) => makeTensor([2, 2], data, encoding).id);
    expect(new Set(ids).size).toBe(ids.length);
    const models = [network({}), network({ in: grid(1) }), network({ d: grid(1) }), network({ d: grid(1.5) })];
    expect(new Set(models.map(modelId)).size).toBe(4);
    expect(modelId(network({ in: grid(1), d: grid(2) }))).toBe(modelId(network({ d: grid(2), in: grid(1) })));
  });
});
