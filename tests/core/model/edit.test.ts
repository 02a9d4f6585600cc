import { describe, expect, it } from 'vitest';
import { cutChannels } from '#core/model/channels';
import {
  bypassLayers,
  expandLayers,
  freeName,
  layerOf,
  mapPrunable,
  prunableTensors,
  replaceLayers,
  sliceTensor,
  tensorOf,
  withTensor,
} from '#core/model/edit';
import type { Encoding } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Tensor } from '#core/model/model';
import { filledTensor, makeTensor } from '#core/model/tensor';
import { validateModel } from '#core/model/validate';
import { Builder, LINEAR } from '../support/models';

const tensor = (shape: readonly number[], values: readonly number[], encoding?: Encoding): Tensor =>
  makeTensor(shape, Float32Array.from(values), encoding);

function twoLayers() {
  const b = new Builder();
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [2] });
  b.add({
    kind: 'dense',
    name: 'a',
    inputs: ['in'],
    kernel: b.tensor([2, 2], [1, 2, 3, 4]),
    bias: b.tensor([2], 0),
    activation: LINEAR,
  });
  // Its tensors equal those of a, so the table holds them once.
  b.add({
    kind: 'dense',
    name: 'b',
    inputs: ['a'],
    kernel: b.tensor([2, 2], [1, 2, 3, 4]),
    bias: b.tensor([2], 0),
    activation: LINEAR,
  });
  return b.model();
}

describe('editing', () => {
  it('changes one layer only, even where two share a tensor, and drops what nobody holds', () => {
    const model = twoLayers();
    expect(Object.keys(model.tensors)).toHaveLength(2);
    const changed = withTensor(model, 'a', 'kernel', filledTensor([2, 2], 9));
    expect(Object.keys(changed.tensors)).toHaveLength(3);
    expect([...(tensorOf(changed, layerOf(changed, 'b') as Layer, 'kernel')?.data ?? [])]).toEqual([1, 2, 3, 4]);
    const both = withTensor(changed, 'b', 'kernel', filledTensor([2, 2], 9));
    expect(Object.keys(both.tensors)).toHaveLength(2);
    expect(Object.keys(model.tensors)).toHaveLength(2);
    expect([...(tensorOf(model, layerOf(model, 'a') as Layer, 'kernel')?.data ?? [])]).toEqual([1, 2, 3, 4]);
  });

  it('names what is not there', () => {
    expect(() => withTensor(twoLayers(), 'c', 'kernel', filledTensor([1], 0))).toThrow('no layer is called c');
    expect(() => withTensor(twoLayers(), 'a', 'gamma', filledTensor([1], 0))).toThrow('layer a holds no gamma');
    expect(() =>
      replaceLayers(twoLayers(), [{ kind: 'dense', name: 'x', inputs: [], kernel: 'gone', activation: LINEAR }]),
    ).toThrow('the kernel of layer x is missing');
  });

  it('maps kernels but never biases, in the layers that are named', () => {
    const model = twoLayers();
    expect(prunableTensors(model).map(({ layer }) => layer.name)).toEqual(['a', 'b']);
    const zeroed = mapPrunable(model, ['b'], (_layer, { shape }) => filledTensor(shape, 0));
    expect(tensorOf(zeroed, layerOf(zeroed, 'a') as Layer, 'kernel')?.data[0]).toBe(1);
    expect(tensorOf(zeroed, layerOf(zeroed, 'b') as Layer, 'kernel')?.data[0]).toBe(0);
  });
});

describe('slicing a tensor', () => {
  it('takes the entries of an axis in the middle', () => {
    // [2, 3, 2]: value = 100 a + 10 b + c
    const cube = tensor([2, 3, 2], [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
    const cut = sliceTensor(cube, 1, [0, 2]);
    expect(cut.shape).toEqual([2, 2, 2]);
    expect([...cut.data]).toEqual([0, 1, 20, 21, 100, 101, 120, 121]);
    expect(() => sliceTensor(cube, 1, [3])).toThrow(RangeError);
    expect(() => sliceTensor(cube, 3, [0])).toThrow(RangeError);
  });

  it('takes the mask along', () => {
    const cut = sliceTensor(
      tensor([2, 2], [1, 0, 0, 4], { mask: Uint8Array.of(1, 0, 0, 1), values: { kind: 'dense' } }),
      1,
      [1],
    );
    expect([...cut.data]).toEqual([0, 4]);
    expect([...(cut.encoding.mask ?? [])]).toEqual([0, 1]);
  });

  it('takes per-channel scales along their own axis and leaves them on others', () => {
    const grid = tensor([2, 3], [0.5, 2, 9, 1, 4, 0], {
      values: {
        kind: 'grid',
        bits: 4,
        qMin: -7,
        qMax: 7,
        scale: Float32Array.of(0.5, 2, 3),
        zeroPoint: Int32Array.of(0, 1, 2),
        axis: 1,
        symmetric: false,
      },
    });
    const columns = sliceTensor(grid, 1, [0, 2]).encoding.values;
    if (columns.kind !== 'grid') throw new Error('the grid was lost');
    expect([...columns.scale]).toEqual([0.5, 3]);
    expect([...columns.zeroPoint]).toEqual([0, 2]);
    expect(columns).toMatchObject({ bits: 4, qMin: -7, qMax: 7, axis: 1 });
    const rows = sliceTensor(grid, 0, [1]).encoding.values;
    expect(rows.kind === 'grid' && [...rows.scale]).toEqual([0.5, 2, 3]);
  });

  it('keeps the centroids that are still in use', () => {
    const shared = tensor([2, 3], [-1, 0, 2, -1, 5, 0], {
      mask: Uint8Array.of(1, 0, 1, 1, 1, 0),
      values: { kind: 'codebook', centroids: Float32Array.of(-1, 2, 5) },
    });
    const cut = sliceTensor(shared, 1, [0, 2]).encoding.values;
    expect(cut.kind === 'codebook' && [...cut.centroids]).toEqual([-1, 2]);
    const nothing = sliceTensor(shared, 1, [1]).encoding.values;
    expect(nothing.kind === 'codebook' && [...nothing.centroids]).toEqual([5]);
  });

  it('is what cutting channels does to encoded kernels', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [2] });
    b.add({
      kind: 'dense',
      name: 'a',
      inputs: ['in'],
      activation: LINEAR,
      kernel: b.tensor([2, 3], [1, 0, 3, 2, 4, 0], {
        mask: Uint8Array.of(1, 0, 1, 1, 1, 0),
        values: {
          kind: 'grid',
          bits: 8,
          qMin: -127,
          qMax: 127,
          scale: Float32Array.of(1, 2, 3),
          zeroPoint: new Int32Array(3),
          axis: 1,
          symmetric: true,
        },
      }),
    });
    b.add({
      kind: 'dense',
      name: 'out',
      inputs: ['a'],
      activation: LINEAR,
      kernel: b.tensor([3, 2], [1, 1, 7, 1, 1, 2], {
        values: { kind: 'codebook', centroids: Float32Array.of(1, 2, 7) },
      }),
    });
    const cut = cutChannels(b.model(), new Map([['a', [0, 2]]]));
    const a = tensorOf(cut, layerOf(cut, 'a') as Layer, 'kernel') as Tensor;
    expect([...a.data]).toEqual([1, 3, 2, 0]);
    expect([...(a.encoding.mask ?? [])]).toEqual([1, 1, 1, 0]);
    expect(a.encoding.values.kind === 'grid' && [...a.encoding.values.scale]).toEqual([1, 3]);
    const out = tensorOf(cut, layerOf(cut, 'out') as Layer, 'kernel') as Tensor;
    expect([...out.data]).toEqual([1, 1, 1, 2]);
    expect(out.encoding.values.kind === 'codebook' && [...out.encoding.values.centroids]).toEqual([1, 2]);
  });
});

describe('replacing and removing layers', () => {
  const wide = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  const back = tensor([3, 2], [6, 5, 4, 3, 2, 1]);

  it('puts several in the place of one, whose readers read on', () => {
    const model = twoLayers();
    const a = layerOf(model, 'a') as Extract<Layer, { kind: 'dense' }>;
    const layers = [
      { kind: 'dense', name: 'a_in', inputs: a.inputs, kernel: wide.id, activation: LINEAR } as const,
      { ...a, inputs: ['a_in'], kernel: back.id },
    ];
    const changed = expandLayers(model, new Map([['a', { layers, tensors: [wide, back] }]]));
    validateModel(changed);
    expect(changed.layers.map(({ name }) => name)).toEqual(['in', 'a_in', 'a', 'b']);
    expect(layerOf(changed, 'b')).toBe(layerOf(model, 'b'));
    // The old kernel stays in the table: b holds it too.
    expect(Object.keys(changed.tensors)).toHaveLength(4);
    expect(expandLayers(model, new Map())).toBe(model);
    expect(() => expandLayers(model, new Map([['a', { layers: layers.slice(0, 1), tensors: [wide] }]]))).toThrow('a');
    expect(() => expandLayers(model, new Map([['c', { layers, tensors: [] }]]))).toThrow('no layer is called c');
  });

  it('leaves layers out, one behind the other and the outputs too', () => {
    const model = twoLayers();
    expect(bypassLayers(model, ['a']).layers.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['in', []],
      ['b', ['in']],
    ]);
    const bare = bypassLayers(model, ['b', 'a']);
    expect([bare.outputs, bare.tensors]).toEqual([['in'], {}]);
    expect(bypassLayers(model, [])).toBe(model);
    expect(() => bypassLayers(model, ['in'])).toThrow('in');
  });

  it('finds names that are free', () => {
    const model = twoLayers();
    expect([freeName(model, 'c'), freeName(model, 'b')]).toEqual(['c', 'b_2']);
  });
});
