/** The .h5 we write, attribute by attribute, as Keras 2 lays one out and h5py shows it. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { filledTensor } from '#core/model/tensor';
import { h5Library, withH5 } from '#formats/keras-h5/hdf5';
import { read } from '#formats/keras-h5/read';
import { write } from '#formats/keras-h5/write';
import { goodModel, VALUES } from '../../fixtures/seeds';
import { everyLayer, modelOf } from '../models';

const bytesOf = async (model: Model): Promise<Uint8Array> => [...(await write(model)).bundle.values()][0] as Uint8Array;

describe('the layout of a written .h5', () => {
  it('has the attributes, groups and datasets of a Keras file', async () => {
    const { library, module } = await h5Library();
    module.FS.writeFile('/layout.h5', await bytesOf(goodModel()));
    const file = new library.File('/layout.h5', 'r');
    const tree = file.paths().sort();
    expect(tree).toEqual([
      'model_weights',
      'model_weights/conv',
      'model_weights/conv/conv',
      'model_weights/conv/conv/bias:0',
      'model_weights/conv/conv/kernel:0',
      'model_weights/dense',
      'model_weights/dense/dense',
      'model_weights/dense/dense/bias:0',
      'model_weights/dense/dense/kernel:0',
      'model_weights/flat',
      'model_weights/image',
      'model_weights/pool',
    ]);
    expect(Object.keys(file.attrs).sort()).toEqual(['backend', 'keras_version', 'model_config', 'whittle']);
    expect(file.attrs['keras_version']?.value).toBe('2.15.0');
    expect(file.attrs['backend']?.value).toBe('tensorflow');
    for (const name of ['keras_version', 'backend', 'model_config'])
      expect(file.attrs[name]?.metadata).toMatchObject({ type: 3, vlen: true, shape: [] });
    const config = JSON.parse(file.attrs['model_config']?.value as string);
    expect(config.class_name).toBe('Sequential');
    expect(config.config.layers.map((layer: { class_name: string }) => layer.class_name)).toEqual([
      'InputLayer',
      'Conv2D',
      'MaxPooling2D',
      'Flatten',
      'Dense',
    ]);
    expect(config.config.layers[1].config).toMatchObject({
      name: 'conv',
      filters: 2,
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: 'valid',
      activation: 'relu',
      use_bias: true,
      data_format: 'channels_last',
      groups: 1,
    });

    const group = (path: string) => file.get(path) as InstanceType<typeof library.Group>;
    const weights = group('/model_weights');
    expect(Object.keys(weights.attrs).sort()).toEqual(['backend', 'keras_version', 'layer_names']);
    expect(weights.attrs['layer_names']?.value).toEqual(['image', 'conv', 'pool', 'flat', 'dense']);
    // Fixed width, as numpy's byte strings are.
    expect(weights.attrs['layer_names']?.metadata).toMatchObject({ type: 3, vlen: false, size: 5, shape: [5] });
    expect(group('/model_weights/conv').attrs['weight_names']?.value).toEqual(['conv/kernel:0', 'conv/bias:0']);
    expect(group('/model_weights/flat').attrs['weight_names']?.metadata).toMatchObject({ shape: [0], size: 8 });
    const kernel = file.get('/model_weights/conv/conv/kernel:0') as InstanceType<typeof library.Dataset>;
    expect(kernel.metadata).toMatchObject({ shape: [3, 3, 1, 2], size: 4, type: 1, littleEndian: true, chunks: null });
    expect(kernel.value).toEqual(VALUES.slice(0, 18));
    file.close();
    module.FS.unlink('/layout.h5');
  });

  it('splits lists of names that do not fit an attribute, and reads them together again', async () => {
    const name = (i: number): string => `a-layer-with-a-rather-long-name-so-that-many-of-them-fill-an-attribute-${i}`;
    const layers: Layer[] = [{ kind: 'input', name: 'in', inputs: [], shape: [2] }];
    for (let i = 0; i < 1_200; i++)
      layers.push({
        kind: 'activation',
        name: name(i),
        inputs: [i === 0 ? 'in' : name(i - 1)],
        activation: { fn: 'tanh' },
      });
    const kernel = filledTensor([2, 2], 0.5);
    layers.push({
      kind: 'dense',
      name: 'out',
      inputs: [name(1_199)],
      kernel: kernel.id,
      activation: { fn: 'softmax' },
    });
    const model = modelOf('long', layers, [kernel]);
    const bytes = await bytesOf(model);
    await withH5(bytes, 'long.h5', (h5) => {
      expect(h5.attributes('/model_weights')).toEqual(expect.arrayContaining(['layer_names0', 'layer_names1']));
      expect(h5.texts('/model_weights', 'layer_names')).toEqual(layers.map((layer) => layer.name));
    });
    expect((await read(new Map([['long.h5', bytes]]))).model.layers).toEqual(model.layers);
  }, 60_000);

  it('writes names that Keras accepts, and says so', async () => {
    const model = everyLayer();
    const layers = model.layers.map(
      (layer) =>
        ({ ...layer, name: `block/${layer.name}`, inputs: layer.inputs.map((input) => `block/${input}`) }) as Layer,
    );
    const slashed = { ...model, layers, inputs: ['block/image'], outputs: ['block/classes'] };
    const { bundle, notes } = await write(slashed);
    const back = await read(bundle);
    expect(back.model.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => `block_${name}`));
    expect(notes.map(({ words }) => words.en).join()).toContain('"block/image" is now "block_image"');
  });
});
