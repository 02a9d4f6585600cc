/** The .whittle format: exact for whatever a model may hold, small, and hard to fool. */

import { describe, expect, it } from 'vitest';
import { encoder } from '#core/coding/range';
import type { Encoding, GridValues, TensorValues } from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { validateModel } from '#core/model/validate';
import { fromHalf } from '#core/numeric/half';
import { ReadError } from '#formats/format';
import { readFiles } from '#formats/index';
import { write as writeTfjs } from '#formats/tfjs-layers/write';
import { writeExchange } from '#formats/whittle/exchange';
import { read } from '#formats/whittle/read';
import { packed } from '#formats/whittle/write';
import fc from '../../properties';
import { encodedModel, everyLayer, modelOf, numbers } from '../models';

const open = async (bytes: Uint8Array): Promise<Model> => (await read(new Map([['x.whittle', bytes]]))).model;

/** A network of one dense layer that holds this kernel. */
function holding(shape: readonly [number, number], data: Float32Array, encoding: Encoding): Model {
  const kernel = makeTensor(shape, data, encoding);
  return modelOf(
    'one',
    [
      { kind: 'input', name: 'in', inputs: [], shape: [shape[0]] },
      { kind: 'dense', name: 'out', inputs: ['in'], kernel: kernel.id, activation: { fn: 'linear' } },
    ],
    [kernel],
  );
}

/** Same id but for where it came from: same layers, shapes, values to the bit, encodings. */
function sameAs(model: Model, back: Model): void {
  expect(back.name).toBe(model.name);
  expect(modelId({ ...back, meta: model.meta })).toBe(modelId(model));
  expect({ ...back.meta, source: '' }).toEqual({ ...model.meta, source: '' });
}

const extent = fc.integer({ min: 1, max: 12 });
const seed = fc.nat(1_000_000);

const grids = fc
  .record({
    bits: fc.integer({ min: 2, max: 16 }),
    range: fc.constantFrom('symmetric', 'learned', 'unsigned', 'odd'),
    perChannel: fc.boolean(),
    zero: fc.integer({ min: -20, max: 20 }),
  })
  .map(({ bits, range, perChannel, zero }) => (columns: number): GridValues => {
    const half = 2 ** (bits - 1);
    const [qMin, qMax] =
      range === 'symmetric'
        ? [1 - half, half - 1]
        : range === 'learned'
          ? [-half, half - 1]
          : range === 'unsigned'
            ? [0, 2 * half - 1]
            : [-1, 1];
    const count = perChannel ? columns : 1;
    return {
      kind: 'grid',
      bits,
      qMin,
      qMax,
      scale: Float32Array.from({ length: count }, (_, c) => 0.01 + 0.003 * c),
      zeroPoint: new Int32Array(count).fill(Math.min(qMax, Math.max(qMin, range === 'symmetric' ? 0 : zero))),
      axis: perChannel ? 1 : null,
      symmetric: range === 'symmetric',
    };
  });

/** Any tensor that an encoding allows: its values by random codes, with or without a mask. */
const tensors = fc
  .record({
    rows: extent,
    columns: extent,
    seed,
    kind: fc.constantFrom('dense', 'half', 'grid', 'binary', 'codebook', 'books'),
    grid: grids,
    masked: fc.boolean(),
    density: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ rows, columns, seed: from, kind, grid, masked, density }) => {
    const random = numbers(3 * rows * columns + 64, from);
    const at = (i: number): number => (random[i] as number) / 2 + 0.5;
    const size = rows * columns;
    const pick = (i: number, count: number): number => Math.min(count - 1, Math.floor(at(i) * count));
    const mask =
      masked && kind !== 'binary'
        ? Uint8Array.from({ length: size }, (_, i) => (at(size + i) < density ? 1 : 0))
        : undefined;
    let values: TensorValues = { kind: 'dense' };
    let value = (i: number): number => Math.fround((random[i] as number) * 3);
    if (kind === 'half') {
      values = { kind: 'half' };
      value = (i) => fromHalf(pick(i, 0x7c00) | (pick(2 * size + (i % 64), 2) << 15));
    } else if (kind === 'grid') {
      const g = grid(columns);
      values = g;
      value = (i) => {
        const c = g.axis === null ? 0 : i % columns;
        return Math.fround(
          (g.scale[c] as number) * (g.qMin + pick(i, g.qMax - g.qMin + 1) - (g.zeroPoint[c] as number)),
        );
      };
    } else if (kind === 'binary') {
      const scale = Float32Array.from({ length: columns }, (_, c) => 0.5 + c);
      values = { kind: 'binary', scale, axis: 1 };
      value = (i) => (at(i) < 0.5 ? -1 : 1) * (scale[i % columns] as number);
    } else if (kind === 'codebook') {
      const centroids = Float32Array.of(-1.5, -0.25, 0.125, 0.3, 2);
      values = { kind: 'codebook', centroids };
      value = (i) => centroids[pick(i, 5)] as number;
    } else if (kind === 'books') {
      const centroids = Float32Array.from({ length: 2 * columns }, (_, j) => Math.floor(j / 2) + (j % 2 ? 0.5 : -0.5));
      const offsets = Int32Array.from({ length: columns + 1 }, (_, c) => 2 * c);
      values = { kind: 'codebook', centroids, books: { axis: 1, offsets } };
      value = (i) => centroids[2 * (i % columns) + pick(i, 2)] as number;
    }
    const data = Float32Array.from({ length: size }, (_, i) => (mask && !mask[i] ? 0 : value(i)));
    return holding([rows, columns], data, mask ? { mask, values } : { values });
  });

describe('a .whittle file', () => {
  it('gives back every tensor with its encoding, by whatever coders', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.constantFrom('all', 'fixed', 'huffman', 'rans'), async (model, streams) => {
        validateModel(model);
        sameAs(model, await open(packed(model, streams)));
      }),
      { numRuns: 400 },
    );
  });

  it('keeps what encodings do not say: negative zeros, NaN, infinities, values beside their grid', async () => {
    const odd = Float32Array.of(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, 1e-42, -1);
    sameAs(
      holding([2, 3], odd, { values: { kind: 'dense' } }),
      await open(packed(holding([2, 3], odd, { values: { kind: 'dense' } }))),
    );
    const grid: GridValues = {
      kind: 'grid',
      bits: 4,
      qMin: -7,
      qMax: 7,
      scale: Float32Array.of(0.5),
      zeroPoint: Int32Array.of(0),
      axis: null,
      symmetric: true,
    };
    const mask = Uint8Array.of(0, 1, 1, 0, 1, 1);
    for (const data of [Float32Array.of(-0, 0.5, -0, 0, 1, -1.5), Float32Array.of(0, 0.5000001, 0, 0, 1, -1.5)]) {
      const model = holding([2, 3], data, { mask, values: grid });
      const back = await open(packed(model));
      sameAs(model, back);
      expect(Object.is(Object.values(back.tensors)[0]?.data[0], data[0])).toBe(true);
    }
  });

  it('keeps graphs, settings, names, classes and activation grids of every kind of layer', async () => {
    const model = everyLayer();
    const grid: GridValues = {
      kind: 'grid',
      bits: 8,
      qMin: 0,
      qMax: 255,
      scale: Float32Array.of(1 / 255),
      zeroPoint: Int32Array.of(3),
      axis: null,
      symmetric: false,
    };
    const whole: Model = {
      ...model,
      name: '网络 “x” \u{1F600}',
      layers: model.layers.map((layer) => (layer.kind === 'dropout' ? { ...layer, rate: 0.123456789 } : layer)),
      meta: { source: 'test', classes: ['零', 'one', ''], dataset: 'mine' },
      activationGrids: { image: grid, conv: { ...grid, bits: 4, qMax: 15 } },
    };
    sameAs(whole, await open(packed(whole)));
  });

  it('stores a tensor that several layers share once', async () => {
    const kernel = makeTensor([40, 40], numbers(1600, 3));
    const layers = Array.from({ length: 9 }, (_, i) => ({
      kind: 'dense' as const,
      name: `layer ${i}`,
      inputs: [i === 0 ? 'in' : `layer ${i - 1}`],
      kernel: kernel.id,
      activation: { fn: 'relu' as const },
    }));
    const model = modelOf('shared', [{ kind: 'input', name: 'in', inputs: [], shape: [40] }, ...layers], [kernel]);
    const bytes = packed(model);
    expect(bytes.length).toBeLessThan(1600 * 4 + 150);
    sameAs(model, await open(bytes));
  });

  it('is far smaller than the TensorFlow.js zip, and its structure takes some ten bytes', async () => {
    const model = encodedModel();
    const zip = [...(await writeTfjs(model, { unsupportedGrids: 'float' })).bundle.values()][0]?.length ?? 0;
    expect(packed(model).length).toBeLessThan(0.45 * zip);
    const rows = 784;
    const masked = holding([rows, 10], new Float32Array(10 * rows), {
      mask: new Uint8Array(10 * rows),
      values: { kind: 'dense' },
    });
    expect(packed(masked).length).toBeLessThan(50);
  });

  it('can be read however little of something large is left', async () => {
    const size = 3_600;
    const model = holding([size, size], new Float32Array(size * size), {
      mask: new Uint8Array(size * size),
      values: { kind: 'dense' },
    });
    const bytes = packed(model);
    expect(bytes.length).toBeLessThan(60_000);
    const back = await open(bytes);
    expect(Object.values(back.tensors)[0]?.shape).toEqual([size, size]);
  });

  it('codes no worse than any single coder', () => {
    const model = encodedModel();
    const all = packed(model).length;
    for (const one of ['fixed', 'huffman', 'rans'] as const) expect(all).toBeLessThanOrEqual(packed(model, one).length);
  });
});

/** CRC-32, by the table of nobody. */
function mended(bytes: Uint8Array): Uint8Array {
  let crc = -1;
  for (const byte of bytes.subarray(8)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, ~crc >>> 0, true);
  return bytes;
}

async function outcome(bytes: Uint8Array): Promise<string> {
  const begun = performance.now();
  try {
    validateModel((await readFiles([{ name: 'x.whittle', bytes }])).model);
    return 'model';
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    return error.code;
  } finally {
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(Object.keys(Object.prototype)).toHaveLength(0);
  }
}

describe('a damaged .whittle file', () => {
  const good = packed({ ...encodedModel(), name: 'Small' });

  it('is refused at every length shorter than its own', async () => {
    for (let length = 9; length < good.length; length += 97)
      expect(['damaged', 'cut-short']).toContain(await outcome(good.slice(0, length)));
    expect(await outcome(good.slice(0, -1))).toBe('damaged');
    expect(await outcome(Uint8Array.from([...good, 0]))).toBe('damaged');
  });

  it('is refused for any flipped bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: good.length - 1 }), fc.nat(7), async (at, bit) => {
        const bad = good.slice();
        bad[at] = (bad[at] as number) ^ (1 << bit);
        expect(await outcome(bad)).toBe('damaged');
      }),
      { numRuns: 60 },
    );
  });

  it('gives a model or a ReadError even where its checksum was made to fit', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.double({ min: 0.2, max: 1, noNaN: true }),
        async (changes, share) => {
          const bad = good.slice(0, Math.max(12, Math.floor(good.length * share)));
          // Most damage to the front, where the structure is.
          for (const [at, byte] of changes) bad[8 + Math.floor(at ** 3 * (bad.length - 8))] = byte;
          const what = await outcome(mended(bad));
          seen.set(what, (seen.get(what) ?? 0) + 1);
        },
      ),
      { numRuns: 150, seed: 4 },
    );
    expect(seen.size).toBeGreaterThan(2);
  }, 120_000);

  it('cannot ask for memory that its size does not pay for', async () => {
    const bomb = writeExchange(({ numbers: n }) => {
      n.whole('text', 0);
      n.whole('layers', 2);
      n.whole('kind', 0);
      n.whole('name', 0);
      n.flag('branches', 0);
      n.whole('rank', 1);
      n.whole('shape', 10_000);
      n.whole('kind', 2);
      n.whole('name', 0);
      n.flag('branches', 0);
      n.whole('activation', 0);
      n.flag('alpha0', 0);
      n.flag('max0', 0);
      n.flag('bias', 0);
      n.flag('again', 0);
      n.whole('axes', 2);
      n.whole('extent2.0', 90_000);
      n.whole('extent2.1', 90_000);
    });
    expect(bomb.length).toBeLessThan(60);
    expect(await outcome(bomb)).toBe('too-large');
  });

  it('is told from one of a newer version, and from an empty one', async () => {
    const newer = good.slice();
    newer[3] = 9;
    expect(await outcome(newer)).toBe('newer-version');
    const nothing = encoder().end();
    expect(nothing).toHaveLength(0);
    const two = { name: 'b.whittle', bytes: packed(everyLayer()) };
    await expect(readFiles([{ name: 'a.whittle', bytes: good }, two])).rejects.toThrow('two models');
  });

  it('is the same file whenever it is written, and its tensors are those of the model', async () => {
    expect(packed(encodedModel())).toEqual(packed(encodedModel()));
    const back = await open(packed(encodedModel()));
    const ids = (model: Model) => model.layers.flatMap((layer) => tensorsOf(layer).map(([, id]) => id));
    expect(ids(back)).toEqual(ids(encodedModel()));
  });
});
