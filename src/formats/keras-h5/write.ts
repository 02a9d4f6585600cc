/**
 * Writes a whole Keras model to HDF5 in the way of Keras 2, which Keras 2 and 3 read: attributes on the root, one group
 * a layer, one dataset a weight under the weight's own name. All weights are float32 with exactly the model's values.
 */
import type * as H5 from 'h5wasm';
import type { Encoding } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import type { Note, WriteResult } from '#formats/format';
import { activationNote, recordOf } from '#formats/keras-config/records';
import { type WrittenWeight, writeConfig } from '#formats/keras-config/write';
import { h5Library } from '#formats/keras-h5/hdf5';
import { fileNameFor, renamedNote } from '#formats/names';
import { info, listed, warning } from '#formats/refuse';

/** HDF5 keeps an attribute of fixed size within 64 kB; Keras splits its lists of names below this. */
const ATTRIBUTE_BYTES = 64_512;
const PATH = '/written.h5';

/** Throws WriteError. */
export async function write(model: Model): Promise<WriteResult> {
  const { config, layers, weights, joins, renamed } = writeConfig(model, 'keras');
  const encodings = new Map<string, Encoding>(weights.map(({ key, tensor }) => [key, tensor.encoding]));
  const { library, module } = await h5Library();
  // The oldest layout that can hold it, as h5py writes it.
  const file = new library.File(PATH, 'w', { libver: ['earliest', 'latest'] });
  try {
    file.create_attribute('keras_version', '2.15.0');
    file.create_attribute('backend', 'tensorflow');
    file.create_attribute('model_config', JSON.stringify(config));
    file.create_attribute('whittle', JSON.stringify(recordOf(model, encodings, joins, renamed)));
    writeWeights(file.create_group('model_weights'), layers, weights);
  } finally {
    file.close();
  }
  const bytes = withoutTimes(module.FS.readFile(PATH), weights.length);
  module.FS.unlink(PATH);
  const fileName = fileNameFor(model, '.h5');
  return {
    bundle: new Map([[fileName, bytes]]),
    fileName,
    notes: [...notesOn(weights), ...activationNote(model), ...hardSigmoidNote(model), ...renamedNote(renamed)],
  };
}

function writeWeights(root: H5.Group, layers: readonly string[], weights: readonly WrittenWeight[]): void {
  writeNames(root, 'layer_names', layers);
  root.create_attribute('backend', 'tensorflow');
  root.create_attribute('keras_version', '2.15.0');
  for (const layer of layers) {
    const group = root.create_group(layer);
    const held = weights.filter((weight) => weight.layer === layer);
    writeNames(
      group,
      'weight_names',
      held.map(({ name }) => `${layer}/${name}:0`),
    );
    if (held.length === 0) continue;
    // The weight's name has the layer's in it: that is a group again.
    const inner = group.create_group(layer);
    for (const { name, shape, tensor } of held)
      inner.create_dataset({ name: `${name}:0`, data: tensor.data, shape: [...shape], dtype: '<f' });
  }
}

/** A list of names as fixed-width texts, split over several attributes where it is long. */
function writeNames(group: H5.Group, attribute: string, names: readonly string[]): void {
  if (names.length === 0) {
    // What numpy makes of an empty list.
    group.create_attribute(attribute, new Float64Array(0), [0], '<d');
    return;
  }
  const width = Math.max(...names.map((name) => new TextEncoder().encode(name).length));
  const parts = Math.ceil((width * names.length) / ATTRIBUTE_BYTES);
  const length = Math.ceil(names.length / parts);
  for (let part = 0; part < parts; part++) {
    const slice = names.slice(part * length, (part + 1) * length);
    group.create_attribute(parts === 1 ? attribute : `${attribute}${part}`, slice, [slice.length], `S${width}`);
  }
}

/**
 * Sets the modification time of each dataset to zero, so that the same model gives the same bytes. In this layout it is
 * an object header message: type 0x12, size 8, flags, version 1, then seconds. If there are not exactly as many such
 * messages as datasets, nothing is touched.
 */
function withoutTimes(bytes: Uint8Array, datasets: number): Uint8Array {
  const found: number[] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 8) {
    if (
      bytes[at] === 0x12 &&
      bytes[at + 1] === 0 &&
      bytes[at + 2] === 8 &&
      bytes[at + 3] === 0 &&
      bytes[at + 5] === 0 &&
      bytes[at + 6] === 0 &&
      bytes[at + 7] === 0 &&
      bytes[at + 8] === 1 &&
      bytes[at + 9] === 0 &&
      bytes[at + 10] === 0 &&
      bytes[at + 11] === 0
    )
      found.push(at + 12);
  }
  if (found.length === datasets) for (const at of found) bytes.fill(0, at, at + 4);
  return bytes;
}

function notesOn(weights: readonly WrittenWeight[]): readonly Note[] {
  const keys = (holds: (encoding: Encoding) => boolean): readonly string[] =>
    weights.filter(({ tensor }) => holds(tensor.encoding)).map(({ key }) => key);
  const grids = listed(
    keys(({ values }) => values.kind === 'grid' || values.kind === 'binary'),
    4,
  );
  const codebooks = listed(
    keys(({ values }) => values.kind === 'codebook'),
    4,
  );
  const halves = keys(({ values }) => values.kind === 'half').length;
  const masks = keys(({ mask }) => mask !== undefined).length;
  const notes: Note[] = [];
  if (grids.en)
    notes.push(
      info(
        `Keras .h5 has no integer weights: grids were written as float32, with exactly the same values (${grids.en}).`,
        `Keras .h5 没有整数权重：网格已写为 float32，数值完全相同（${grids.zh}）。`,
      ),
    );
  if (codebooks.en)
    notes.push(
      info(
        `Keras .h5 has no codebooks: shared weights were written as float32, with exactly the same values (${codebooks.en}).`,
        `Keras .h5 没有码本：共享权重已写为 float32，数值完全相同（${codebooks.zh}）。`,
      ),
    );
  if (halves > 0)
    notes.push(
      info(
        `${halves} tensors in half precision were written as float32, with exactly the same values; the TensorFlow.js zip holds them in half the bytes.`,
        `${halves} 个半精度张量已写为 float32，数值完全相同；TensorFlow.js 压缩包只用一半的字节保存它们。`,
      ),
    );
  if (masks > 0)
    notes.push(
      info(
        `${masks} pruned tensors are written with their zeros, so this file is no smaller for them; the TensorFlow.js zip is.`,
        `${masks} 个剪枝张量连同零一起写入，因此此文件不会因剪枝而变小；TensorFlow.js 压缩包会变小。`,
      ),
    );
  return notes;
}

/** Keras 3 has another slope for the hard sigmoid than Keras 2, under the same name. */
function hardSigmoidNote(model: Model): readonly Note[] {
  const layers = model.layers.flatMap((layer) =>
    'activation' in layer && layer.activation.fn === 'hardSigmoid' ? [layer.name] : [],
  );
  if (layers.length === 0) return [];
  const names = listed(layers, 4);
  return [
    warning(
      `The hard sigmoid is Keras 2's; Keras 3 computes it differently (${names.en}).`,
      `hard sigmoid 采用 Keras 2 的定义；Keras 3 的计算方式不同（${names.zh}）。`,
    ),
  ];
}
