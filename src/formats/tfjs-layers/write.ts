/**
 * Writes a TensorFlow.js layers model: a zip of model.json and one weight file, which stock tf.loadLayersModel opens
 * once unpacked. Per-tensor grids of up to 16 bits are really stored as integers; what the format cannot hold is said.
 */

import { DENSE, type Encoding } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { joined } from '#core/numeric/joined';
import { littleEndian } from '#formats/floats';
import type { Note, WriteOptions, WriteResult } from '#formats/format';
import { activationNote, recordOf } from '#formats/keras-config/records';
import { writeConfig } from '#formats/keras-config/write';
import { fileNameFor, renamedNote } from '#formats/names';
import { info, listed, warning } from '#formats/refuse';
import { bilinearNote } from '#formats/tfjs-layers/differences';
import {
  type HalfPrecision,
  perTensorGrid,
  type Quantization,
  storedGrid,
  storedHalf,
} from '#formats/tfjs-layers/grids';
import { writeZip } from '#formats/zip';

const SHARD = 'group1-shard1of1.bin';

interface Counts {
  readonly codebooks: string[];
  readonly perChannel: string[];
  readonly offGrid: string[];
  readonly signs: string[];
  masked: number;
  worst: number;
}

interface Stored {
  readonly bytes: Uint8Array;
  readonly quantization?: Quantization | HalfPrecision;
  /** What holds for the values as they are stored. */
  readonly encoding: Encoding;
}

/** The two files of a model, as they are served. */
export interface LooseFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly Note[];
  /** By our name of a layer: its name in the file, and the layer of the file that gives its output. */
  readonly layers: ReadonlyMap<string, { readonly name: string; readonly output: string }>;
}

/** Throws WriteError. */
export async function write(model: Model, options: WriteOptions): Promise<WriteResult> {
  const { files, notes } = writeLoose(model, options);
  const fileName = fileNameFor(model, '.zip');
  return { bundle: new Map([[fileName, await writeZip(files, options.pause)]]), fileName, notes };
}

/** The files before they are packed, under other names where several models lie together. Throws WriteError. */
export function writeLoose(
  model: Model,
  options: WriteOptions,
  names: { readonly json: string; readonly shard: string } = { json: 'model.json', shard: SHARD },
): LooseFiles {
  const { config, weights, joins, renamed, ends } = writeConfig(model, 'tfjs');
  const counts: Counts = {
    codebooks: [],
    perChannel: [],
    offGrid: [],
    signs: [],
    masked: 0,
    worst: 0,
  };
  const encodings = new Map<string, Encoding>();
  const stored = new Map<Tensor, Stored>();
  const entries: object[] = [];
  const parts: Uint8Array[] = [];
  for (const { layer, name, shape, tensor, key } of weights) {
    const one = stored.get(tensor) ?? storeTensor(tensor, key, options, counts);
    stored.set(tensor, one);
    encodings.set(key, one.encoding);
    entries.push({
      name: `${layer}/${name}`,
      shape,
      dtype: 'float32',
      ...(one.quantization ? { quantization: one.quantization } : {}),
    });
    parts.push(one.bytes);
  }
  const json = {
    format: 'layers-model',
    generatedBy: 'Whittle',
    convertedBy: null,
    modelTopology: { ...config, keras_version: '2.15.0', backend: 'tensor_flow.js' },
    weightsManifest: [{ paths: [names.shard], weights: entries }],
    userDefinedMetadata: { whittle: recordOf(model, encodings, joins, renamed) },
  };
  const written = new Map(renamed);
  return {
    files: new Map([
      [names.json, new TextEncoder().encode(JSON.stringify(json))],
      [names.shard, joined(parts, Uint8Array)],
    ]),
    notes: [...notesOn(counts, options), ...activationNote(model), ...bilinearNote(model), ...renamedNote(renamed)],
    layers: new Map([...ends].map(([own, output]) => [own, { name: written.get(own) ?? own, output }])),
  };
}

function storeTensor(tensor: Tensor, key: string, options: WriteOptions, counts: Counts): Stored {
  const { encoding, data, shape } = tensor;
  const { values, mask } = encoding;
  const withMask = mask ? { mask } : {};
  const asFloat = (kept: Encoding): Stored => ({ bytes: littleEndian(data), encoding: kept });
  if (values.kind === 'dense') {
    if (mask) counts.masked++;
    return asFloat(encoding);
  }
  if (values.kind === 'half') return { ...storedHalf(tensor), encoding };
  if (values.kind === 'codebook') {
    counts.codebooks.push(key);
    return asFloat(encoding);
  }
  if (values.kind === 'binary') {
    const grid = storedGrid(tensor);
    if (grid) return { ...grid, encoding };
    // One byte a weight on a grid for the whole tensor would move every weight of every channel to one scale.
    counts.signs.push(key);
    return asFloat(encoding);
  }
  if (values.axis === null) {
    const grid = storedGrid(tensor);
    if (grid) return { ...grid, encoding };
    counts.offGrid.push(key);
    return asFloat({ ...withMask, values: DENSE.values });
  }
  counts.perChannel.push(key);
  if (options.unsupportedGrids === 'float') return asFloat(encoding);
  const requantized = perTensorGrid(data, values);
  for (let i = 0; i < data.length; i++)
    counts.worst = Math.max(counts.worst, Math.abs((requantized.data[i] as number) - (data[i] as number)));
  const kept: Encoding = { ...withMask, values: requantized.values };
  const grid = storedGrid(makeTensor(shape, requantized.data, kept));
  return grid ? { ...grid, encoding: kept } : asFloat({ ...withMask, values: DENSE.values });
}

function notesOn(
  { codebooks, perChannel, offGrid, signs, masked, worst }: Counts,
  { unsupportedGrids }: WriteOptions,
): readonly Note[] {
  const notes: Note[] = [];
  if (perChannel.length > 0) {
    const names = listed(perChannel, 4);
    notes.push(
      unsupportedGrids === 'float'
        ? warning(
            `This format has one scale for a whole tensor: per-channel grids were written as float32, with exactly the same values (${names.en}).`,
            `此格式的每个张量只有一个缩放系数：按通道的网格已写为 float32，数值完全相同（${names.zh}）。`,
          )
        : warning(
            `This format has one scale for a whole tensor: per-channel grids were put on per-tensor ones of the same bits (${names.en}); values moved by up to ${worst.toPrecision(2)}.`,
            `此格式的每个张量只有一个缩放系数：按通道的网格已改为相同位数的按张量网格（${names.zh}）；数值最多变化 ${worst.toPrecision(2)}。`,
          ),
    );
  }
  if (codebooks.length > 0) {
    const names = listed(codebooks, 4);
    notes.push(
      info(
        `This format has no codebooks: shared weights were written as float32, with exactly the same values, and compress well in the zip (${names.en}).`,
        `此格式没有码本：共享权重已写为 float32，数值完全相同，在压缩包中可以很好地压缩（${names.zh}）。`,
      ),
    );
  }
  if (signs.length > 0) {
    const names = listed(signs, 4);
    notes.push(
      info(
        `This format has one scale for a whole tensor: weights of two signs with a scale for each channel were written as float32, with exactly the same values, and compress well in the zip (${names.en}).`,
        `此格式的每个张量只有一个缩放系数：按通道缩放的二值权重已写为 float32，数值完全相同，在压缩包中可以很好地压缩（${names.zh}）。`,
      ),
    );
  }
  if (offGrid.length > 0) {
    const names = listed(offGrid, 4);
    notes.push(
      warning(
        `These tensors do not lie exactly on their grid and were written as float32: ${names.en}.`,
        `以下张量并不完全位于其网格上，已写为 float32：${names.zh}。`,
      ),
    );
  }
  if (masked > 0)
    notes.push(
      info(
        `${masked} pruned tensors are written as float32 with their zeros, which the zip packs well.`,
        `${masked} 个剪枝张量按 float32 连同零一起写入，压缩包可以很好地压缩它们。`,
      ),
    );
  return notes;
}
