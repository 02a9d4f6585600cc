/** What the reader makes of files that say things in other ways than we do. */
import { describe, expect, it } from 'vitest';
import { readFiles } from '#formats/index';
import { encode, type Json, json, VALUES } from '../../fixtures/seeds';

const layers = (model: Json): Json[] => model.modelTopology.model_config.config.layers;
const weights = (model: Json): Json[] => model.weightsManifest[0].weights;

async function readEdited(change: (model: Json) => void, bytes: Uint8Array = new Uint8Array(VALUES.slice().buffer)) {
  const model = json();
  change(model);
  const read = await readFiles([
    { name: 'model.json', bytes: encode(JSON.stringify(model)) },
    { name: 'weights.bin', bytes },
  ]);
  return { model: read.model, notes: read.notes.map(({ words }) => words.en) };
}

describe('inputs', () => {
  it('an image without a channel axis becomes one of a single channel, in front of a flatten', async () => {
    const { model, notes } = await readEdited(
      (m) => {
        const [input, , , flat, dense] = layers(m);
        input.config.batch_input_shape = [null, 3, 6];
        m.modelTopology.model_config.config.layers = [input, flat, dense];
        m.weightsManifest[0].weights = weights(m).slice(2);
      },
      new Uint8Array(VALUES.slice(20).buffer),
    );
    expect(model.layers[0]).toMatchObject({ kind: 'input', shape: [3, 6, 1] });
    expect(notes).toEqual(['Its input of 3 x 6 became an image of one channel.']);
  });

  it('an open height and width are assumed, and that is said', async () => {
    const { model, notes } = await readEdited(
      (m) => {
        const [input, conv, , , dense] = layers(m);
        input.config.batch_input_shape = [null, null, null, 1];
        m.modelTopology.model_config.config.layers = [
          input,
          conv,
          { class_name: 'GlobalAveragePooling2D', config: { name: 'mean' } },
          dense,
        ];
        weights(m)[2].shape = [2, 3];
      },
      new Uint8Array(Float32Array.from([...VALUES.slice(0, 26), ...VALUES.slice(74)]).buffer),
    );
    expect(model.layers[0]).toMatchObject({ kind: 'input', shape: [28, 28, 1] });
    expect(notes[0]).toContain('28 x 28 was assumed');
  });
});

describe('weights', () => {
  it('float16 is decoded exactly', async () => {
    const halves = Uint16Array.from({ length: 77 }, (_, i) => 0x3c00 + i);
    const { model } = await readEdited((m) => {
      for (const weight of weights(m)) weight.quantization = { dtype: 'float16' };
    }, new Uint8Array(halves.buffer));
    const kernel = model.tensors[(model.layers[1] as { kernel: string }).kernel];
    expect([...(kernel?.data ?? [])]).toEqual(Array.from({ length: 18 }, (_, i) => 1 + i / 1024));
    expect(kernel?.encoding.values.kind).toBe('half');
  });

  it('uint8 becomes a grid where zero is on it, and TensorFlow.js own numbers where it is not', async () => {
    const { model, notes } = await readEdited(
      (m) => {
        for (const weight of weights(m))
          weight.quantization = { dtype: 'uint8', scale: 0.5, min: weight.name.endsWith('bias') ? 0.25 : -1.5 };
      },
      Uint8Array.from({ length: 77 }, (_, i) => i),
    );
    const [kernel, bias] = (['kernel', 'bias'] as const).map(
      (role) => model.tensors[(model.layers[1] as unknown as Record<string, string>)[role] as string],
    );
    expect([...(kernel?.data.slice(0, 5) ?? [])]).toEqual([-1.5, -1, -0.5, 0, 0.5]);
    expect(kernel?.encoding.values).toMatchObject({ kind: 'grid', bits: 8, qMin: 0, qMax: 255 });
    expect([...(bias?.data ?? [])]).toEqual([9.25, 9.75]);
    expect(bias?.encoding.values.kind).toBe('dense');
    expect(notes).toEqual(['2 quantized tensors have a grid without zero and were read as float32.']);
  });

  it('numbers that are not finite are read, with a warning that names them', async () => {
    const values = VALUES.slice();
    values.set([Number.NaN, Number.POSITIVE_INFINITY], 3);
    const { notes } = await readEdited(() => undefined, new Uint8Array(values.buffer));
    expect(notes).toEqual([
      '"conv/kernel" holds 2 values that are not finite numbers; the model cannot answer sensibly.',
    ]);
  });

  it('encodings in our own record are only believed where the values bear them out', async () => {
    const record = (tensors: object) => ({ whittle: { version: 1, name: 'Mine', tensors, joins: ['nowhere'] } });
    const grid = { bits: 8, qMin: -127, qMax: 127, scale: [0.1], zeroPoint: [0], axis: null, symmetric: true };
    const { model, notes } = await readEdited((m) => {
      m.userDefinedMetadata = record({
        'conv/kernel': { grid },
        'dense/kernel': { shared: true },
        'conv/bias': { masked: true },
        __proto__: { masked: true },
      });
    });
    expect(model.name).toBe('Mine');
    const kinds = model.layers.flatMap((layer) =>
      'kernel' in layer ? [model.tensors[layer.kernel]?.encoding.values.kind] : [],
    );
    expect(kinds).toEqual(['dense', 'codebook']);
    expect(notes).toEqual([
      "1 tensors no longer hold the values that the file's notes describe; they were read as plain numbers.",
    ]);
    for (const nonsense of [
      null,
      'x',
      [],
      { version: 2 },
      record({ 'conv/kernel': { grid: { ...grid, bits: 99, scale: 'x' } } }),
    ]) {
      await readEdited((m) => {
        m.userDefinedMetadata = nonsense === null ? null : { whittle: nonsense };
      });
    }
  });
});

describe('layers', () => {
  it('that act only in training are left out, with a note', async () => {
    const { model, notes } = await readEdited((m) => {
      layers(m).splice(2, 0, { class_name: 'GaussianNoise', config: { name: 'noise', stddev: 0.1 } });
      layers(m).push({ class_name: 'SpatialDropout2D', config: { name: 'last', rate: 0.1 } });
    });
    expect(model.layers.map(({ name }) => name)).toEqual(['image', 'conv', 'pool', 'flat', 'dense']);
    expect(model.layers[2]?.inputs).toEqual(['conv']);
    expect(model.outputs).toEqual(['dense']);
    expect(notes).toHaveLength(2);
  });

  it('ReLU, LeakyReLU and activation objects become our activations', async () => {
    const read = async (activation: unknown) => {
      const { model } = await readEdited((m) => {
        layers(m)[1].config.activation = activation;
      });
      return (model.layers[1] as { activation: object }).activation;
    };
    expect(await read('relu6')).toEqual({ fn: 'relu', max: 6 });
    expect(await read('hardSigmoid')).toEqual({ fn: 'hardSigmoid' });
    expect(await read({ class_name: 'LeakyReLU', config: { alpha: 0.25 } })).toEqual({ fn: 'leakyRelu', alpha: 0.25 });
    expect(
      await read({ module: 'builtins', class_name: 'function', config: 'silu', registered_name: 'function' }),
    ).toEqual({ fn: 'swish' });
    expect(await read(null)).toEqual({ fn: 'linear' });
  });

  it("Keras 3's hard sigmoid is another function and is refused", async () => {
    const edit = readEdited((m) => {
      m.modelTopology.keras_version = '3.1.0';
      layers(m)[1].config.activation = 'hard_sigmoid';
    });
    await expect(edit).rejects.toThrow('"conv" (Conv2D, activation hard_sigmoid)');
  });
});
