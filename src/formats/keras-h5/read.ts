/**
 * Reads a whole Keras model from HDF5: the configuration in the attribute model_config, the weights in the group
 * model_weights, layer by layer, as Keras 2 (and Keras 3's .h5) write them.
 */
import { DENSE } from '#core/model/encoding';
import type { Bundle, ReadResult } from '#formats/format';
import { readJsonText } from '#formats/json';
import { assembleModel } from '#formats/keras-config/assemble';
import type { StoredWeight } from '#formats/keras-config/match';
import { type H5File, withH5 } from '#formats/keras-h5/hdf5';
import { HINTS, info, listed, refuse } from '#formats/refuse';
import { isHdf5 } from '#formats/signatures';

const ROOT = '/model_weights';

/** Throws ReadError. */
export async function read(bundle: Bundle): Promise<ReadResult> {
  const files = [...bundle].filter(([, bytes]) => isHdf5(bytes));
  const [first, second] = files;
  if (!first)
    refuse(
      'not-hdf5',
      { file: [...bundle.keys()][0] ?? '', where: '' },
      { en: 'It is not an HDF5 file.', zh: '不是 HDF5 文件。' },
      HINTS.exportAgain,
    );
  if (second)
    refuse(
      'two-models',
      { file: second[0], where: '' },
      { en: `There are two models here: "${first[0]}" and this one.`, zh: `这里有两个模型："${first[0]}" 和这一个。` },
      { en: 'Drop one model at a time.', zh: '请一次只拖入一个模型。' },
    );
  const [file, bytes] = first;
  const result = await withH5(bytes, file, (h5) => readModel(h5, file));
  const unused = [...bundle.keys()].filter((name) => name !== file);
  if (unused.length === 0) return result;
  const names = listed(unused, 4);
  return {
    model: result.model,
    notes: [...result.notes, info(`Not needed and left aside: ${names.en}.`, `未使用的文件：${names.zh}。`)],
  };
}

function readModel(h5: H5File, file: string): ReadResult {
  const config = h5.text('/', 'model_config');
  if (config === undefined) refuseWithoutConfig(h5, file);
  if (h5.kind(ROOT) !== 'group') {
    refuse(
      'no-weights',
      { file, where: '' },
      {
        en: 'It describes a network but holds no weights (no group model_weights).',
        zh: '文件描述了网络，但没有权重（缺少 model_weights 组）。',
      },
      HINTS.exportAgain,
    );
  }
  const record = h5.text('/', 'whittle');
  return assembleModel({
    file,
    source: 'keras-h5',
    modelConfig: readJsonText(config, file, 'model_config'),
    kerasVersion: h5.text('/', 'keras_version') ?? h5.text(ROOT, 'keras_version') ?? '',
    weights: storedWeights(h5, file),
    record: record === undefined ? undefined : quietly(record, file),
  });
}

/** What we wrote beside the model; if somebody damaged it, the model is still good. */
function quietly(record: string, file: string): unknown {
  try {
    return readJsonText(record, file, 'whittle');
  } catch {
    return undefined;
  }
}

function storedWeights(h5: H5File, file: string): readonly StoredWeight[] {
  const layers = h5.texts(ROOT, 'layer_names');
  if (!layers)
    refuse(
      'h5-attribute',
      { file, where: `${ROOT}@layer_names` },
      { en: 'The list of layers is missing.', zh: '缺少层列表。' },
      HINTS.exportAgain,
    );
  const twice = layers.find((name, index) => layers.indexOf(name) !== index);
  if (twice !== undefined)
    refuse(
      'duplicate-layer',
      { file, where: twice },
      { en: 'Two layers have this name.', zh: '有两个层使用了这个名称。' },
      HINTS.exportAgain,
    );
  return layers.flatMap((layer) => {
    const group = `${ROOT}/${layer}`;
    const names = h5.texts(group, 'weight_names');
    if (!names)
      refuse(
        'h5-missing',
        { file, where: group },
        { en: 'The weights of this layer are listed but not stored.', zh: '该层的权重已列出，但没有存储。' },
        HINTS.exportAgain,
      );
    return names
      .filter((name) => !name.includes('seed_generator'))
      .map((name): StoredWeight => {
        const { shape, read: values } = h5.dataset(`${group}/${name}`);
        return {
          name: name.replace(/:0$/, ''),
          group: layer,
          file,
          shape,
          read: () => ({ data: values(), encoding: DENSE }),
        };
      });
  });
}

/** Which kind of HDF5 file it is, if it is no whole model. */
function refuseWithoutConfig(h5: H5File, file: string): never {
  const attributes = h5.attributes('/');
  if (attributes.includes('model_config')) {
    refuse(
      'h5-attribute',
      { file, where: '/@model_config' },
      { en: 'The configuration is not a text.', zh: '配置不是文本。' },
      HINTS.exportAgain,
    );
  }
  const keys = h5.keys('/');
  const weightsOnly =
    attributes.some((name) => /^layer_names\d*$/.test(name)) ||
    keys.includes('layers') ||
    keys.includes('_layer_checkpoint_dependencies') ||
    keys.includes('model_weights') ||
    keys.includes('optimizer_weights');
  if (weightsOnly) {
    refuse(
      'weights-only',
      { file, where: '' },
      { en: 'It holds weights only, without the network they belong to.', zh: '文件只有权重，没有对应的网络。' },
      {
        en: 'Save the whole model: model.save("model.h5") instead of model.save_weights(...).',
        zh: '请保存整个模型：用 model.save("model.h5")，而不是 model.save_weights(...)。',
      },
    );
  }
  return refuse(
    'not-keras',
    { file, where: '' },
    {
      en: 'It is an HDF5 file, but not a Keras model (no model_config).',
      zh: '它是 HDF5 文件，但不是 Keras 模型（没有 model_config）。',
    },
    {
      en: 'Save the model from Keras with model.save("model.h5").',
      zh: '请在 Keras 中用 model.save("model.h5") 保存模型。',
    },
  );
}
