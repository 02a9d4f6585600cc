/** Looking into a layer, on kernels small enough to work out by hand. */
import { describe, expect, test } from 'vitest';
import { histogramOf } from '#core/inspection/histogram';
import { inspectable, inspectLayer } from '#core/inspection/inspection';
import { levelsOf } from '#core/inspection/levels';
import { POINT } from '#core/inspection/picture';
import { channelGroups, cutChannels } from '#core/model/channels';
import { expandLayers, tensorOf, withTensor } from '#core/model/edit';
import type { Encoding } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { Builder, LINEAR, PLAIN } from '../support/models';

const RELU = { fn: 'relu' } as const;

/** One dense layer of these weights, [in, out]. */
function dense(shape: readonly [number, number], values: readonly number[], encoding?: Encoding): Model {
  const b = new Builder();
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [shape[0]] });
  b.add({ kind: 'dense', name: 'd', inputs: ['in'], kernel: b.tensor(shape, values, encoding), activation: LINEAR });
  return b.model();
}
const look = (before: Model, after: Model, name = 'd') => {
  const found = inspectLayer(before, after, name);
  if (!found) throw new Error('nothing to look at');
  return found;
};

describe('histogram', () => {
  test('bins reach from the least to the largest of all, zeros are in none', () => {
    const { low, high, counts } = histogramOf([Float32Array.of(-1, -0.5, 0, 0.25), Float32Array.of(0, 0, 0.5, 1)], 4);
    expect([low, high]).toEqual([-1, 1]);
    expect(counts.map((own) => [...own])).toEqual([
      [1, 1, 1, 0],
      [0, 0, 0, 2],
    ]);
  });

  test('of nothing but zeros has a range all the same', () => {
    expect(histogramOf([new Float32Array(3)], 2)).toEqual({ low: -1, high: 1, counts: [new Uint32Array(2)] });
  });
});

describe('what changed', () => {
  const before = dense([2, 3], [1, -2, 3, -4, 5, -6]);

  test('the smallest became zero', () => {
    const { change, after } = look(before, dense([2, 3], [0, 0, 3, -4, 5, -6]));
    expect(change).toMatchObject({ compared: 6, zeroed: 2, smallestFirst: true, moved: 2, revived: 0, meanMove: 0 });
    // 1² + 2² of 1² + … + 6².
    expect(change?.relativeError).toBeCloseTo(Math.sqrt(5 / 91), 12);
    expect(after).toMatchObject({ weights: 6, zeros: 2, distinct: 5, low: -6, high: 5 });
  });

  test('others became zero, and one came back', () => {
    expect(look(before, dense([2, 3], [1, -2, 3, -4, 5, 0])).change).toMatchObject({ zeroed: 1, smallestFirst: false });
    expect(look(dense([1, 2], [0, 4]), dense([1, 2], [1, 4])).change).toMatchObject({
      revived: 1,
      moved: 1,
      meanMove: 1,
    });
  });

  test('weights beyond a limit stand on it; where another moved too it was no limit', () => {
    const clipped = look(before, dense([2, 3], [1, -2, 3, -4, 4, -4]));
    expect(clipped.change).toMatchObject({ clipped: 2, moved: 2, meanMove: 1.5 });
    expect(look(before, dense([2, 3], [1.5, -2, 3, -4, 4, -4])).change?.clipped).toBe(0);
  });

  test('nothing', () => {
    expect(look(before, before).change).toMatchObject({ moved: 0, relativeError: 0, zeroed: 0 });
  });

  test('a layer that is gone, and one that was never there', () => {
    const other = new Builder();
    other.add({ kind: 'input', name: 'in', inputs: [], shape: [2] });
    expect(look(before, other.model()).after).toBeNull();
    expect(inspectLayer(before, before, 'in')).toBeNull();
    expect(inspectable(before)).toEqual(['d']);
  });
});

describe('levels', () => {
  const grid = (scale: readonly number[], axis: number | null, q: readonly [number, number]) =>
    ({
      kind: 'grid',
      bits: 2,
      qMin: q[0],
      qMax: q[1],
      scale: Float32Array.from(scale),
      zeroPoint: new Int32Array(scale.length),
      axis,
      symmetric: true,
    }) as const;

  test('of a grid are its steps, of channels those of the widest', () => {
    expect(levelsOf({ values: grid([0.5], null, [-1, 1]) })).toMatchObject({
      count: 3,
      step: 0.5,
      channels: 1,
      values: Float32Array.of(-0.5, 0, 0.5),
    });
    expect(levelsOf({ values: grid([0.5, 2, 1], 1, [-1, 1]) })).toMatchObject({
      step: 2,
      channels: 3,
      values: Float32Array.of(-2, 0, 2),
    });
  });

  test('that are too many are only counted', () => {
    expect(levelsOf({ values: grid([0.5], null, [-127, 127]) })).toMatchObject({
      count: 255,
      values: new Float32Array(0),
    });
  });

  test('of a codebook are its values, of books those that reach farthest', () => {
    const centroids = Float32Array.of(-1, 1, 0, 3, 5);
    expect(levelsOf({ values: { kind: 'codebook', centroids: centroids.slice(0, 2) } })).toMatchObject({ count: 2 });
    const books = { axis: 1, offsets: Int32Array.of(0, 2, 5) };
    expect(levelsOf({ values: { kind: 'codebook', centroids, books } })).toMatchObject({
      count: 3,
      channels: 2,
      values: Float32Array.of(0, 3, 5),
    });
  });

  test('two signs have two, float weights none', () => {
    expect(levelsOf({ values: { kind: 'binary', scale: Float32Array.of(2), axis: null } })?.values).toEqual(
      Float32Array.of(-2, 2),
    );
    expect(levelsOf({ values: { kind: 'dense' } })).toBeNull();
  });
});

describe('channels', () => {
  /** Two convolutions of 4 and 3 filters, then 2 classes. */
  function network(): Model {
    let k = 0;
    const b = new Builder(() => (++k % 97) / 97);
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 1] });
    b.add({ kind: 'conv2d', name: 'a', inputs: ['in'], kernel: b.tensor([3, 3, 1, 4]), ...PLAIN });
    b.add({ kind: 'conv2d', name: 'b', inputs: ['a'], kernel: b.tensor([3, 3, 4, 3]), ...PLAIN });
    b.add({ kind: 'flatten', name: 'f', inputs: ['b'] });
    b.add({ kind: 'dense', name: 'd', inputs: ['f'], kernel: b.tensor([48, 2]), activation: LINEAR });
    return b.model();
  }
  const model = network();
  const [first, second] = channelGroups(model);
  const cut = cutChannels(
    model,
    new Map([
      [first?.id as string, [1, 3]],
      [second?.id as string, [0, 2]],
    ]),
  );

  test('that are gone are found in the kernel, and crossed out where they were', () => {
    const { after, placed, change } = look(model, cut, 'b');
    expect([placed, after?.inputs, after?.outputs, change?.moved]).toEqual([true, 2, 2, 0]);
    const picture = after?.picture;
    expect([picture?.rows, picture?.columns]).toEqual([3, 4]);
    const gone = Array.from({ length: 12 }, (_, tile) => picture?.points[tile * 9] === POINT.gone);
    // Filter 1 as a whole, and inputs 0 and 2 of the others.
    expect(gone).toEqual([true, false, true, false, true, true, true, true, true, false, true, false]);
  });

  test('behind a flatten are each pixel of them', () => {
    const { after, placed, before } = look(model, cut, 'd');
    expect([placed, before.inputs, after?.inputs, after?.outputs]).toEqual([true, 48, 32, 2]);
    const points = after?.picture?.points.subarray(0, 6) ?? [];
    expect([...points].map((point) => point === POINT.gone)).toEqual([false, true, false, false, true, false]);
  });

  test('of trained weights are not guessed', () => {
    const layer = cut.layers.find(({ name }) => name === 'b');
    const kernel = layer && tensorOf(cut, layer, 'kernel');
    if (!kernel) throw new Error('no kernel');
    const trained = withTensor(
      cut,
      'b',
      'kernel',
      makeTensor(
        kernel.shape,
        kernel.data.map((w) => w + 1),
      ),
    );
    expect(look(model, trained, 'b')).toMatchObject({ placed: false, change: null, after: { inputs: 2, outputs: 2 } });
  });
});

describe('layers in the place of one', () => {
  test('dense: the product of both', () => {
    const before = dense([2, 2], [3, 4, 6, 8]);
    const [u, v] = [makeTensor([2, 1], Float32Array.of(1, 2)), makeTensor([1, 2], Float32Array.of(3, 4))];
    const after = expandLayers(
      before,
      new Map([
        [
          'd',
          {
            layers: [
              { kind: 'dense', name: 'thin', inputs: ['in'], kernel: u.id, activation: LINEAR },
              { kind: 'dense', name: 'd', inputs: ['thin'], kernel: v.id, activation: LINEAR },
            ],
            tensors: [u, v],
          },
        ],
      ]),
    );
    const { after: found, change } = look(before, after);
    expect(found?.parts).toEqual([
      { layer: 'thin', shape: [2, 1] },
      { layer: 'd', shape: [1, 2] },
    ]);
    expect(found?.weights).toBe(4);
    expect(change).toMatchObject({ moved: 0, relativeError: 0 });
  });

  const conv = (() => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 2] });
    b.add({ kind: 'conv2d', name: 'd', inputs: ['in'], kernel: b.tensor([1, 2, 2, 1], [1, 6, 2, 8]), ...PLAIN });
    return b.model();
  })();

  test('separable: each window times what mixes it', () => {
    // Windows (1, 2) and (3, 4), mixed by 1 and 2: 1 · (1, 2) and 2 · (3, 4).
    const windows = makeTensor([1, 2, 2, 1], Float32Array.of(1, 3, 2, 4));
    const mix = makeTensor([1, 1, 2, 1], Float32Array.of(1, 2));
    const after = expandLayers(
      conv,
      new Map([
        [
          'd',
          {
            layers: [
              { kind: 'depthwiseConv2d', name: 'w', inputs: ['in'], kernel: windows.id, ...PLAIN },
              { kind: 'conv2d', name: 'd', inputs: ['w'], kernel: mix.id, ...PLAIN },
            ],
            tensors: [windows, mix],
          },
        ],
      ]),
    );
    expect(look(conv, after).change).toMatchObject({ compared: 4, moved: 0 });
  });

  test('a new layer in front that is not linear is no part of it', () => {
    const same = makeTensor([1, 1, 2, 2], Float32Array.of(1, 0, 0, 1));
    const kernel = Object.values(conv.tensors)[0];
    if (!kernel) throw new Error('no kernel');
    const after = expandLayers(
      conv,
      new Map([
        [
          'd',
          {
            layers: [
              { kind: 'conv2d', name: 'new', inputs: ['in'], kernel: same.id, ...PLAIN, activation: RELU },
              { kind: 'conv2d', name: 'd', inputs: ['new'], kernel: kernel.id, ...PLAIN },
            ],
            tensors: [same, kernel],
          },
        ],
      ]),
    );
    expect(look(conv, after).after?.parts).toHaveLength(1);
  });
});

describe('pictures', () => {
  test('tiles of a convolution: the strongest in full colour, zeros marked', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 1] });
    b.add({ kind: 'conv2d', name: 'd', inputs: ['in'], kernel: b.tensor([1, 2, 1, 2], [1, -1, 0, 0.5]), ...PLAIN });
    const { picture } = look(b.model(), b.model()).before;
    expect(picture).toMatchObject({ kind: 'tiles', rows: 2, columns: 1, height: 1, width: 2, outputs: [2, 2] });
    // Filter 0 is (1, 0), filter 1 is (-1, 0.5); 127 stands for 1.
    expect([...(picture?.values ?? [])]).toEqual([127, 0, -127, 64]);
    expect([...(picture?.points ?? [])]).toEqual([POINT.weight, POINT.zero, POINT.weight, POINT.weight]);
  });

  test('a dense layer that reads an image shows what each neuron looks for', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [2, 3, 1] });
    b.add({ kind: 'flatten', name: 'f', inputs: ['in'] });
    const kernel = b.tensor([6, 2], [1, 0, 1, 0, 1, 0, -1, 0, -1, 0, -1, 1]);
    b.add({ kind: 'dense', name: 'd', inputs: ['f'], kernel, activation: LINEAR });
    const { picture } = look(b.model(), b.model()).before;
    expect(picture).toMatchObject({ kind: 'tiles', rows: 2, height: 2, width: 3 });
    expect([...(picture?.values ?? [])].slice(0, 6)).toEqual([127, 127, 127, -127, -127, -127]);
  });

  test('a large kernel is cut off, and says so', () => {
    const { picture } = look(
      dense([100, 50], new Array(5000).fill(1)),
      dense([100, 50], new Array(5000).fill(1)),
    ).before;
    expect(picture).toMatchObject({ kind: 'block', height: 20, width: 40, outputs: [20, 50], inputs: [40, 100] });
  });
});
