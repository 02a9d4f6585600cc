/** What the TensorFlow.js format cannot hold: said in a note where it can be written otherwise, refused where it cannot. */
import { describe, expect, it } from 'vitest';
import { codesOf } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { WriteError } from '#formats/format';
import { readFiles } from '#formats/index';
import { fileNameFor } from '#formats/names';
import { write } from '#formats/tfjs-layers/write';
import { readZip } from '#formats/zip';
import { encodedModel, furtherEncodedModel, modelOf, numbers } from '../models';

async function jsonOf(model: Model, unsupportedGrids: 'float' | 'requantize') {
  const { bundle, fileName, notes } = await write(model, { unsupportedGrids });
  const files = await readZip(bundle.get(fileName) as Uint8Array, fileName);
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as {
    weightsManifest: { weights: { name: string; quantization?: { dtype: string } }[] }[];
  };
  return {
    weights: json.weightsManifest[0]?.weights ?? [],
    notes: notes.map(({ words }) => words.en),
    shard: files.get('group1-shard1of1.bin') as Uint8Array,
    files: [{ name: fileName, bytes: bundle.get(fileName) as Uint8Array }],
  };
}
const kernels = (weights: { name: string; quantization?: { dtype: string } }[]) =>
  weights.filter(({ name }) => name.endsWith('/kernel')).map(({ quantization }) => quantization?.dtype ?? 'float32');

describe('grids and masks', () => {
  it('per-tensor grids are stored in as many bytes as they need, the rest as float32', async () => {
    const { weights, notes } = await jsonOf(encodedModel(), 'float');
    // masked, 8 bits, 16 bits, 4 bits, 8 bits a channel, codebook, masked 8 bits, plain
    expect(kernels(weights)).toEqual(['float32', 'uint8', 'uint16', 'uint8', 'float32', 'float32', 'uint8', 'float32']);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain('per-channel grids were written as float32');
    expect(notes[1]).toContain('no codebooks');
    expect(notes[2]).toContain('1 pruned tensors');
  });

  it('halves are stored in two bytes, signs of one scale in one, and what it has no words for is said', async () => {
    const { weights, notes } = await jsonOf(furtherEncodedModel(), 'float');
    // half, masked half, signs, signs a channel, codebooks a channel, the same masked, plain
    expect(kernels(weights)).toEqual(['float16', 'float16', 'uint8', 'float32', 'float32', 'float32', 'float32']);
    expect(notes.join()).toContain('two signs with a scale for each channel');
    expect(notes.join()).toContain('float32 activations');
  });

  it('per-channel grids can be put on per-tensor ones, and the note says how far values moved', async () => {
    const model = encodedModel();
    const { weights, notes, files } = await jsonOf(model, 'requantize');
    expect(kernels(weights)[4]).toBe('uint8');
    const back = (await readFiles(files)).model;
    const conv = (of: Model) =>
      of.tensors[(of.layers.filter(({ kind }) => kind === 'conv2d')[4] as { kernel: string }).kernel];
    const [before, after] = [conv(model), conv(back)];
    expect(after?.encoding.values).toMatchObject({ kind: 'grid', bits: 8, axis: null, symmetric: true });
    const worst = Math.max(
      ...Array.from(before?.data ?? [], (value, i) => Math.abs(value - (after?.data[i] ?? Number.NaN))),
    );
    expect(notes[0]).toContain(`values moved by up to ${worst.toPrecision(2)}`);
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(
      (after?.encoding.values.kind === 'grid' ? (after.encoding.values.scale[0] as number) : 0) * 0.501,
    );
    expect(
      codesOf(after?.data as Float32Array, after?.shape as number[], after?.encoding as never).every(
        (q) => Math.abs(q) <= 127,
      ),
    ).toBe(true);
  });

  it('a tensor whose values left their grid is written as float32, with a warning', async () => {
    const off = makeTensor([2, 2], Float32Array.of(0.1, 0, 0, 1), {
      values: {
        kind: 'grid',
        bits: 8,
        qMin: -127,
        qMax: 127,
        scale: Float32Array.of(0.25),
        zeroPoint: Int32Array.of(0),
        axis: null,
        symmetric: true,
      },
    });
    const model = modelOf(
      'off',
      [
        { kind: 'input', name: 'in', inputs: [], shape: [2] },
        { kind: 'dense', name: 'out', inputs: ['in'], kernel: off.id, activation: { fn: 'linear' } },
      ],
      [off],
    );
    const { weights, notes, files } = await jsonOf(model, 'float');
    expect(kernels(weights)).toEqual(['float32']);
    expect(notes).toEqual([
      'These tensors do not lie exactly on their grid and were written as float32: "out/kernel".',
    ]);
    expect([...(Object.values((await readFiles(files)).model.tensors)[0]?.data ?? [])]).toEqual([...off.data]);
  });
});

describe('what TensorFlow.js layers do not have is refused with words', () => {
  const one = (layer: (kernel: string) => Layer, shape: readonly number[], kernelShape: readonly number[]): Model => {
    const kernel = makeTensor(kernelShape, numbers(kernelShape.reduce((a, b) => a * b, 1)));
    return modelOf('one', [{ kind: 'input', name: 'in', inputs: [], shape }, layer(kernel.id)], [kernel]);
  };
  const conv = {
    kind: 'conv2d',
    name: 'grouped',
    inputs: ['in'],
    strides: [1, 1],
    dilation: [1, 1],
    padding: 'same',
  } as const;
  const cases: readonly (readonly [string, Model])[] = [
    [
      'no-exponential',
      one(
        (kernel) => ({ kind: 'dense', name: 'out', inputs: ['in'], kernel, activation: { fn: 'exponential' } }),
        [3],
        [3, 2],
      ),
    ],
    [
      'elu-alpha',
      one(() => ({ kind: 'activation', name: 'out', inputs: ['in'], activation: { fn: 'elu', alpha: 0.5 } }), [3], [1]),
    ],
    [
      'grouped-convolution',
      one((kernel) => ({ ...conv, kernel, activation: { fn: 'linear' } }), [4, 4, 4], [3, 3, 2, 4]),
    ],
    [
      'pool-pads',
      one(
        () => ({
          kind: 'averagePool2d',
          name: 'out',
          inputs: ['in'],
          window: [2, 2],
          strides: [1, 1],
          padding: [2, 0, 0, 0],
        }),
        [4, 4, 1],
        [1],
      ),
    ],
  ];
  for (const [code, model] of cases) {
    it(code, async () => {
      const error = await write(model, { unsupportedGrids: 'float' }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(WriteError);
      expect((error as WriteError).code).toBe(code);
      expect((error as WriteError).hint.zh).toMatch(/。$/);
    });
  }
});

it('file names are safe on every system', () => {
  const named = (name: string) => fileNameFor({ ...encodedModel(), name }, '.zip');
  expect(
    ['LeNet-5', '../../x', '<img onerror=alert(1)>', '\u202Egnp.exe', 'CON', '模型', 'x'.repeat(300)].map(named),
  ).toEqual([
    'lenet-5.zip',
    'x.zip',
    'img-onerror-alert-1.zip',
    'gnp-exe.zip',
    'model.zip',
    'model.zip',
    `${'x'.repeat(80)}.zip`,
  ]);
});
