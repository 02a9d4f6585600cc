/**
 * The weights of a TensorFlow.js model: a manifest that names shards and, within them, tensors one after the other.
 * Shards are found among the dropped files by base name only, whatever address the manifest gives; every length is
 * checked, which TensorFlow.js itself does not do.
 */
import { DENSE } from '#core/model/encoding';
import { sizeOf } from '#core/model/tensor';
import { fromHalf } from '#core/numeric/half';
import type { Bundle, Note } from '#formats/format';
import { isObject, own } from '#formats/json';
import type { StoredWeight } from '#formats/keras-config/match';
import { LIMITS } from '#formats/limits';
import { HINTS, info, listed, refuse, shown } from '#formats/refuse';
import { decodeGrid, type Quantization } from '#formats/tfjs-layers/grids';
import { baseName } from '#formats/zip';

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly stored: 'float32' | 'float16' | 'uint8' | 'uint16';
  readonly quantization: Quantization | null;
  readonly bytes: number;
}

const WIDTH = { float32: 4, float16: 2, uint16: 2, uint8: 1 } as const;

/** Every weight of the manifest, unread; `used` receives the names of the shards. Decoding adds to `notes`. */
export function readManifest(
  manifest: unknown,
  bundle: Bundle,
  file: string,
  used: Set<string>,
  notes: Note[],
): readonly StoredWeight[] {
  if (manifest === undefined || manifest === null || (Array.isArray(manifest) && manifest.length === 0)) {
    refuse(
      'no-weights',
      { file, where: '' },
      {
        en: 'It has no weightsManifest, so the network has no weights.',
        zh: '没有 weightsManifest，因此网络没有权重。',
      },
      {
        en: 'Save the model with its weights, and drop all files that were saved.',
        zh: '请连同权重一起保存模型，并拖入保存的全部文件。',
      },
    );
  }
  if (!Array.isArray(manifest)) bad(file, 'weightsManifest', manifest);
  const groups = manifest.map((group: unknown, index) => readGroup(group, file, index));
  const missing = [...new Set(groups.flatMap(({ paths }) => paths).filter((path) => !find(bundle, path)))];
  if (missing.length > 0) {
    const names = listed(missing.map(baseName));
    refuse(
      'missing-shards',
      { file, where: '' },
      {
        en: `Its weights are in files that were not dropped: ${names.en}.`,
        zh: `其权重所在的文件没有一起拖入：${names.zh}。`,
      },
      { en: 'Drop model.json together with these files.', zh: '请将 model.json 与这些文件一起拖入。' },
    );
  }
  const decoded = { off: 0, near: 0, largest: 0 };
  const weights: StoredWeight[] = [];
  for (const { paths, entries } of groups) {
    const bytes = joinShards(paths, bundle, used, file);
    let offset = 0;
    for (const entry of entries) {
      if (offset + entry.bytes > bytes.data.length) tooShort(entry, offset, bytes);
      const slice = bytes.data.subarray(offset, offset + entry.bytes);
      offset += entry.bytes;
      weights.push({ name: entry.name, file, shape: entry.shape, read: () => decode(entry, slice, decoded) });
    }
    if (offset < bytes.data.length) {
      refuse(
        'shard-too-long',
        { file: bytes.last, where: '' },
        {
          en: `The weight files hold ${bytes.data.length} bytes; model.json describes ${offset}.`,
          zh: `权重文件共 ${bytes.data.length} 字节；model.json 描述了 ${offset} 字节。`,
        },
        {
          en: 'These files do not belong together; use those that were saved with this model.json.',
          zh: '这些文件不是一套；请使用与此 model.json 一起保存的文件。',
        },
      );
    }
  }
  return withNotes(weights, decoded, notes);
}

/** The notes on grids can only be written when all has been decoded: the last read adds them. */
function withNotes(
  weights: readonly StoredWeight[],
  decoded: { off: number; near: number; largest: number },
  notes: Note[],
): readonly StoredWeight[] {
  let left = weights.length;
  return weights.map((weight) => ({
    ...weight,
    read: () => {
      const result = weight.read();
      if (--left === 0) {
        if (decoded.near > 0)
          notes.push(
            info(
              `${decoded.near} quantized tensors were put on a float32 grid; no value moved by more than ${decoded.largest.toPrecision(2)} of its tensor's largest.`,
              `${decoded.near} 个量化张量已放到 float32 网格上；数值变化不超过该张量最大值的 ${decoded.largest.toPrecision(2)}。`,
            ),
          );
        if (decoded.off > 0)
          notes.push(
            info(
              `${decoded.off} quantized tensors have a grid without zero and were read as float32.`,
              `${decoded.off} 个量化张量的网格不含零，已按 float32 读取。`,
            ),
          );
      }
      return result;
    },
  }));
}

function readGroup(
  group: unknown,
  file: string,
  index: number,
): { readonly paths: readonly string[]; readonly entries: readonly Entry[] } {
  const where = `weightsManifest ${index + 1}`;
  const paths = isObject(group) ? own(group, 'paths') : undefined;
  const weights = isObject(group) ? own(group, 'weights') : undefined;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string' && path !== '')) bad(file, where, paths);
  if (!Array.isArray(weights)) bad(file, where, weights);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined)
    refuse(
      'duplicate-shard',
      { file, where },
      { en: `The file "${shown(twice)}" is named twice.`, zh: `文件 "${shown(twice)}" 被列出两次。` },
      HINTS.exportAgain,
    );
  return {
    paths,
    entries: weights.map((weight: unknown, at) => readEntry(weight, file, `${where}, weight ${at + 1}`)),
  };
}

function readEntry(weight: unknown, file: string, where: string): Entry {
  const name = isObject(weight) ? own(weight, 'name') : undefined;
  if (!isObject(weight) || typeof name !== 'string' || name === '') return bad(file, where, name);
  const shape = own(weight, 'shape');
  const sizes =
    Array.isArray(shape) &&
    shape.length <= 6 &&
    shape.every((size) => Number.isInteger(size) && size >= 0 && size <= LIMITS.dimension)
      ? (shape as number[])
      : bad(file, name, shape);
  if (sizeOf(sizes) > LIMITS.elements) {
    refuse(
      'too-large',
      { file, where: name },
      {
        en: `Its shape [${sizes.join(', ')}] has too many values for a browser.`,
        zh: `形状 [${sizes.join(', ')}] 的数值过多，浏览器无法处理。`,
      },
      HINTS.exportAgain,
    );
  }
  const dtype = own(weight, 'dtype');
  if (dtype !== 'float32' && dtype !== 'float16') {
    refuse(
      'weight-type',
      { file, where: name },
      {
        en: `Its values are of the type ${shown(JSON.stringify(dtype) ?? 'none')}; only float32 and float16 weights can be read.`,
        zh: `数值类型为 ${shown(JSON.stringify(dtype) ?? '无')}；只能读取 float32 和 float16 权重。`,
      },
      {
        en: 'Layers with such weights (embeddings, look-up tables) are not supported.',
        zh: '暂不支持带有此类权重的层（嵌入、查找表）。',
      },
    );
  }
  const asked = own(weight, 'quantization') ?? null;
  const quantization = asked === null ? null : readQuantization(asked, file, name);
  const stored = quantization === null ? dtype : quantization === 'float16' ? 'float16' : quantization.dtype;
  return {
    name: name.replace(/:0$/, ''),
    shape: sizes,
    stored,
    quantization: typeof quantization === 'string' ? null : quantization,
    bytes: sizeOf(sizes) * WIDTH[stored],
  };
}

function readQuantization(value: unknown, file: string, name: string): Quantization | 'float16' {
  const dtype = isObject(value) ? own(value, 'dtype') : undefined;
  if (dtype === 'float16') return 'float16';
  const scale = isObject(value) ? own(value, 'scale') : undefined;
  const min = isObject(value) ? own(value, 'min') : undefined;
  if (
    (dtype === 'uint8' || dtype === 'uint16') &&
    typeof scale === 'number' &&
    scale > 0 &&
    scale < 1e30 &&
    typeof min === 'number' &&
    Math.abs(min) < 1e30
  )
    return { dtype, scale, min };
  return refuse(
    'bad-quantization',
    { file, where: name },
    {
      en: `Its quantization ${shown(JSON.stringify(value) ?? '')} has no usable dtype (uint8, uint16, float16), scale and min.`,
      zh: `其量化信息 ${shown(JSON.stringify(value) ?? '')} 缺少可用的 dtype（uint8、uint16、float16）、scale 和 min。`,
    },
    HINTS.exportAgain,
  );
}

/** A shard among the dropped files: by base name, as it stands or percent-decoded. */
function find(bundle: Bundle, path: string): string | undefined {
  const name = baseName(path);
  if (bundle.has(name)) return name;
  try {
    const plain = baseName(decodeURIComponent(name));
    return bundle.has(plain) ? plain : undefined;
  } catch {
    return undefined;
  }
}

interface Shards {
  readonly data: Uint8Array;
  readonly last: string;
  /** Where each shard ends. */
  readonly ends: readonly (readonly [name: string, end: number])[];
}

function joinShards(paths: readonly string[], bundle: Bundle, used: Set<string>, file: string): Shards {
  const names = paths.map((path) => find(bundle, path) as string);
  const ends: [string, number][] = [];
  let length = 0;
  for (const name of names) {
    if (used.has(name))
      refuse(
        'duplicate-shard',
        { file, where: name },
        { en: 'This weight file is used twice.', zh: '此权重文件被使用了两次。' },
        HINTS.exportAgain,
      );
    used.add(name);
    length += (bundle.get(name) as Uint8Array).length;
    ends.push([name, length]);
  }
  const last = names.at(-1) ?? file;
  if (names.length === 1) return { data: bundle.get(last) as Uint8Array, last, ends };
  const data = new Uint8Array(length);
  let at = 0;
  for (const name of names) {
    const bytes = bundle.get(name) as Uint8Array;
    data.set(bytes, at);
    at += bytes.length;
  }
  return { data, last, ends };
}

function tooShort(entry: Entry, offset: number, { data, last, ends }: Shards): never {
  const shard = ends.find(([, end]) => offset < end)?.[0] ?? last;
  return refuse(
    'shard-too-short',
    { file: shard, where: entry.name },
    {
      en: `"${shown(entry.name)}" needs ${entry.bytes} bytes from byte ${offset}; the weight files end at ${data.length}.`,
      zh: `"${shown(entry.name)}" 从第 ${offset} 字节起需要 ${entry.bytes} 字节；权重文件在 ${data.length} 处结束。`,
    },
    {
      en: 'A weight file is cut short or belongs to another model; download or save it again.',
      zh: '权重文件不完整或属于另一个模型；请重新下载或保存。',
    },
  );
}

function decode(
  entry: Entry,
  bytes: Uint8Array,
  decoded: { off: number; near: number; largest: number },
): ReturnType<StoredWeight['read']> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = sizeOf(entry.shape);
  if (entry.quantization) {
    const codes =
      entry.stored === 'uint8' ? bytes : Uint16Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true));
    const { data, encoding, difference } = decodeGrid(codes, entry.quantization);
    if (encoding.values.kind !== 'grid') decoded.off++;
    else if (difference > 0) {
      decoded.near++;
      decoded.largest = Math.max(decoded.largest, difference / largestOf(data));
    }
    return { data, encoding };
  }
  const data = new Float32Array(count);
  if (entry.stored === 'float16') {
    for (let i = 0; i < count; i++) data[i] = fromHalf(view.getUint16(2 * i, true));
    return { data, encoding: { values: { kind: 'half' } } };
  }
  for (let i = 0; i < count; i++) data[i] = view.getFloat32(4 * i, true);
  return { data, encoding: DENSE };
}

function largestOf(data: Float32Array): number {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  return largest;
}

function bad(file: string, where: string, value: unknown): never {
  const held = value === undefined ? 'missing' : shown(JSON.stringify(value) ?? '').slice(0, 60);
  return refuse(
    'bad-manifest',
    { file, where },
    { en: `The list of weights is broken here (${held}).`, zh: `权重列表在此处有误（${held}）。` },
    HINTS.exportAgain,
  );
}
