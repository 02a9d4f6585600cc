import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deflatedBytes } from '#core/metrics/deflated';
import {
  countDistinct,
  countLayer,
  countNonZero,
  countParameters,
  countValues,
  estimateBytes,
} from '#core/metrics/size';
import { createModel } from '#core/model/create';
import { layerOf, mapPrunable } from '#core/model/edit';
import { codesOf, type Encoding, signGrid } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fromHalf, toHalf } from '#core/numeric/half';
import { normal, seededRandom } from '#core/numeric/random';
import { templateById } from '#core/templates';
import { Builder, LINEAR } from '../support/models';

function template(id: string): Model {
  const found = templateById(id);
  if (!found) throw new Error(id);
  return createModel(found.architecture([28, 28, 1], 10), 1);
}

describe('countParameters', () => {
  it('says 431,080 for LeNet-5 and 266,610 for LeNet-300-100 on MNIST', () => {
    expect(countParameters(template('lenet-5'))).toMatchObject({ parameters: 431080, prunable: 430500, zeros: 0 });
    // Fresh biases are 0, and stored.
    expect(countParameters(template('lenet-5')).nonZero).toBe(430500);
    expect(countParameters(template('lenet-300-100')).parameters).toBe(266610);
  });

  it('counts every layer, even where two hold equal tensors, and moving statistics', () => {
    const b = new Builder();
    const norm = (name: string, from: string): string =>
      b.add({
        kind: 'batchNorm',
        name,
        inputs: [from],
        gamma: b.tensor([3], 1),
        beta: b.tensor([3], 0),
        mean: b.tensor([3], 0),
        variance: b.tensor([3], 1),
        epsilon: 1e-3,
        momentum: 0.9,
      });
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [3] });
    norm('a', 'in');
    norm('b', 'a');
    b.add({
      kind: 'dense',
      name: 'd',
      inputs: ['b'],
      kernel: b.tensor([3, 2], [0.5, 0, -0.5, 0.5, 0, 2]),
      bias: b.tensor([2], [0, 7]),
      activation: LINEAR,
    });
    const model = b.model();
    expect(Object.keys(model.tensors)).toHaveLength(4);
    expect(countParameters(model)).toEqual({
      parameters: 12 + 12 + 6 + 2,
      nonZero: 6 + 6 + 4 + 1,
      prunable: 6,
      zeros: 2,
      distinct: 4,
    });
    expect(countValues(model)).toEqual({ parameters: 32, nonZero: 17, prunable: 6, zeros: 2 });
    expect(countLayer(model, layerOf(model, 'd') as Layer)).toEqual({ parameters: 8, nonZero: 5 });
    expect(countLayer(model, layerOf(model, 'in') as Layer)).toEqual({ parameters: 0, nonZero: 0 });
  });

  it('counts distinct values over all kernels together', () => {
    expect(countDistinct([Float32Array.of(1, 2, 2, 0), Float32Array.of(-0, 1, 3)])).toBe(4);
    expect(countDistinct([])).toBe(0);
    expect(countDistinct([new Float32Array(1000)])).toBe(1);
    const many = Float32Array.from({ length: 50_000 }, (_, i) => (i % 12_345) - 6000);
    expect(countDistinct([many])).toBe(12_345);
    // Powers of two share their low bits, which is where a poor hash would pile them up.
    expect(countDistinct([Float32Array.from({ length: 200 }, (_, i) => 2 ** (i - 100))])).toBe(200);
  });

  it('counts NaN as not zero', () => {
    expect(countNonZero(Float32Array.of(0, -0, Number.NaN, 1e-45))).toBe(2);
  });
});

/** zlib's answer to the bytes a TensorFlow.js file holds for a tensor. */
function reallyDeflated({ data, shape, encoding }: Tensor): number {
  const values = encoding.values.kind === 'binary' ? signGrid(encoding.values) : encoding.values;
  let stored: Uint8Array | Uint16Array | Float32Array = data;
  if (values.kind === 'grid' && values.axis === null) {
    const codes = codesOf(data, shape, { values }).map((code) => code - values.qMin);
    stored = values.qMax - values.qMin <= 255 ? Uint8Array.from(codes) : Uint16Array.from(codes);
  }
  if (values.kind === 'half') stored = Uint16Array.from(codesOf(data, shape, encoding));
  return zlib.deflateRawSync(Buffer.from(stored.buffer), { level: 9 }).length;
}

const COUNT = 60_000;
const weights = (uniform: boolean): Float32Array => {
  const random = seededRandom(11);
  return Float32Array.from({ length: COUNT }, () => 0.1 * (uniform ? 2 * random() - 1 : normal(random) / 3));
};
function pruned(data: Float32Array, sparsity: number): { data: Float32Array; mask: Uint8Array } {
  const threshold = data.map(Math.abs).toSorted()[Math.floor(sparsity * COUNT)] as number;
  const mask = Uint8Array.from(data, (value) => (Math.abs(value) >= threshold ? 1 : 0));
  return { data: data.map((value, i) => (mask[i] ? value : 0)), mask };
}
function gridded(data: Float32Array, bits: number, channels: number, mask?: Uint8Array): Tensor {
  const qMax = 2 ** (bits - 1) - 1;
  const largest = new Float32Array(channels);
  for (const [i, value] of data.entries())
    largest[i % channels] = Math.max(largest[i % channels] as number, Math.abs(value));
  const scale = largest.map((value) => value / qMax);
  const encoding: Encoding = {
    ...(mask ? { mask } : {}),
    values: {
      kind: 'grid',
      bits,
      qMin: -qMax,
      qMax,
      scale,
      zeroPoint: new Int32Array(channels),
      axis: channels === 1 ? null : 1,
      symmetric: true,
    },
  };
  return makeTensor(
    [COUNT / channels, channels],
    data.map((value, i) => (scale[i % channels] as number) * (Math.round(value / (scale[i % channels] as number)) + 0)),
    encoding,
  );
}
function shared(data: Float32Array, clusters: number, mask?: Uint8Array): Tensor {
  const centroids = Float32Array.from({ length: clusters }, (_, i) => 0.15 * ((2 * i + 1) / clusters - 1));
  const nearest = (value: number): number =>
    centroids[Math.min(clusters - 1, Math.max(0, Math.floor(((value / 0.15 + 1) / 2) * clusters)))] as number;
  return makeTensor(
    [COUNT],
    data.map((value, i) => (mask && !mask[i] ? 0 : nearest(value))),
    { ...(mask ? { mask } : {}), values: { kind: 'codebook', centroids } },
  );
}

function halved(data: Float32Array, mask?: Uint8Array): Tensor {
  const halves = data.map((value) => fromHalf(toHalf(value)));
  return makeTensor([COUNT], halves, { ...(mask ? { mask } : {}), values: { kind: 'half' } });
}
function signed(data: Float32Array, channels: number): Tensor {
  const scale = Float32Array.from({ length: channels }, (_, c) => 0.05 + 0.001 * c);
  const values = data.map((value, i) => (value < 0 ? -1 : 1) * (scale[i % channels] as number));
  return makeTensor([COUNT / channels, channels], values, {
    values: { kind: 'binary', scale, axis: channels === 1 ? null : 1 },
  });
}
/** The same number of clusters for each of some channels. */
function sharedByChannel(data: Float32Array, clusters: number, channels: number): Tensor {
  const books = Array.from({ length: channels }, (_, c) => (0.1 + 0.003 * c) as number);
  const centroid = (c: number, k: number): number => Math.fround((books[c] as number) * ((2 * k + 1) / clusters - 1));
  const centroids = Float32Array.from({ length: channels * clusters }, (_, i) =>
    centroid(Math.floor(i / clusters), i % clusters),
  );
  const offsets = Int32Array.from({ length: channels + 1 }, (_, c) => c * clusters);
  const values = data.map((value, i) => {
    const c = i % channels;
    const k = Math.floor(((value / (books[c] as number) + 1) / 2) * clusters);
    return centroid(c, Math.min(clusters - 1, Math.max(0, k)));
  });
  return makeTensor([COUNT / channels, channels], values, {
    values: { kind: 'codebook', centroids, books: { axis: 1, offsets } },
  });
}

describe('the estimate of what deflate makes of a tensor', () => {
  const cases: (readonly [string, Tensor])[] = [];
  for (const uniform of [false, true]) {
    const data = weights(uniform);
    const shape = uniform ? 'uniform' : 'Gaussian';
    cases.push([`${shape} float32`, makeTensor([COUNT], data)]);
    for (const sparsity of [0.3, 0.5, 0.8, 0.9, 0.95, 0.98]) {
      const cut = pruned(data, sparsity);
      cases.push([
        `${shape}, ${sparsity} pruned`,
        makeTensor([COUNT], cut.data, { mask: cut.mask, values: { kind: 'dense' } }),
      ]);
    }
    const cut = pruned(data, 0.9);
    cases.push([`${shape} halves`, halved(data)]);
    cases.push([`${shape} halves, 0.9 pruned`, halved(cut.data, cut.mask)]);
    cases.push([`${shape} signs`, signed(data, 1)]);
    cases.push([`${shape} signs for each of 50 channels`, signed(data, 50)]);
    for (const clusters of [4, 16])
      cases.push([`${shape}, ${clusters} clusters for each of 50 channels`, sharedByChannel(data, clusters, 50)]);
    for (const bits of [2, 3, 4, 6, 8, 10, 12, 16]) {
      cases.push([`${shape}, ${bits}-bit grid`, gridded(data, bits, 1)]);
      if (bits > 3) cases.push([`${shape}, 0.9 pruned, ${bits}-bit grid`, gridded(cut.data, bits, 1, cut.mask)]);
      cases.push([`${shape}, ${bits}-bit grid for each of 50 channels`, gridded(data, bits, 50)]);
    }
    for (const clusters of [2, 4, 16, 64, 256]) {
      cases.push([`${shape}, ${clusters} clusters`, shared(data, clusters)]);
      cases.push([`${shape}, 0.9 pruned, ${clusters} clusters`, shared(cut.data, clusters, cut.mask)]);
    }
  }

  for (const [what, tensor] of cases) {
    it(`is within 25 percent of zlib for ${what}`, () => {
      const ratio = deflatedBytes(tensor) / reallyDeflated(tensor);
      expect(ratio).toBeGreaterThan(0.75);
      expect(ratio).toBeLessThan(1.25);
    });
  }

  it('takes a run of one value for next to nothing', () => {
    expect(deflatedBytes(makeTensor([1000], new Float32Array(1000)))).toBeLessThan(20);
    expect(deflatedBytes(makeTensor([1000], new Float32Array(1000).fill(1)))).toBeLessThan(20);
  });
});

describe('estimateBytes', () => {
  it('adds the structure to the tensors', () => {
    const model = template('lenet-5');
    const empty = mapPrunable(model, [], (_layer, { shape, data }) => makeTensor(shape, new Float32Array(data.length)));
    // Eight layers and eight tensors around next to nothing: the file itself has about 870 bytes and 1,700 of zeros.
    expect(estimateBytes(empty)).toBeGreaterThan(2300);
    expect(estimateBytes(empty)).toBeLessThan(2900);
    // The file of a fresh LeNet-5 has 1.59 MB.
    expect(estimateBytes(model)).toBeGreaterThan(1.55e6);
    expect(estimateBytes(model)).toBeLessThan(1.62e6);
  });
});
