/**
 * HDF5 through h5wasm, distrustfully. Only names that are asked for are followed; links that lead elsewhere, data kept
 * in other files, unknown filters and sizes that the file cannot back are refused before memory is taken. The library's
 * file system is in memory: it can reach nothing of the computer's.
 */
import type * as H5 from 'h5wasm';
import { sizeOf } from '#core/model/tensor';
import { fromHalf } from '#core/numeric/half';
import { LIMITS } from '#formats/limits';
import { bytesInWords, HINTS, refuse, shown } from '#formats/refuse';

type Library = typeof H5;
type H5Module = Awaited<Library['ready']>;

export interface Dataset {
  readonly shape: readonly number[];
  /** Float values, whatever their width in the file. */
  readonly read: () => Float32Array;
}
export interface H5File {
  /** Whether a group or dataset of this path exists. Throws where a link on the way leads elsewhere. */
  readonly kind: (path: string) => 'group' | 'dataset' | null;
  readonly keys: (path: string) => readonly string[];
  readonly attributes: (path: string) => readonly string[];
  /** A text attribute, or undefined. */
  readonly text: (path: string, name: string) => string | undefined;
  /** A list of texts, joined from `name` or from `name0`, `name1`, …; undefined where there is none. */
  readonly texts: (path: string, name: string) => readonly string[] | undefined;
  readonly dataset: (path: string) => Dataset;
}

/** The library, with errors thrown instead of printed. */
export async function h5Library(): Promise<{ readonly library: Library; readonly module: H5Module }> {
  const library = await import('h5wasm');
  const module = await library.ready;
  module.activate_throwing_error_handler();
  return { library, module };
}

let opened = 0;

/** Opens the bytes, lets `use` look at them, closes. Whatever the library throws becomes a ReadError. */
export async function withH5<T>(bytes: Uint8Array, file: string, use: (h5: H5File) => T): Promise<T> {
  const { library, module } = await h5Library();
  const path = `/model-${opened++}.h5`;
  let handle: H5.File | undefined;
  try {
    module.FS.writeFile(path, bytes);
    handle = new library.File(path, 'r');
    return use(reader(handle, module, bytes.length, file));
  } catch (error) {
    if (error instanceof Error && error.name === 'ReadError') throw error;
    return refuseDamaged(error, file);
  } finally {
    try {
      handle?.close();
    } catch {
      // A damaged file may not even close; it is removed below.
    }
    try {
      module.FS.unlink(path);
    } catch {
      // Never written.
    }
  }
}

function refuseDamaged(error: unknown, file: string): never {
  const message = error instanceof Error ? error.message : String(error);
  const eof = /eof = (\d+).*stored_eof = (\d+)/.exec(message);
  if (eof) {
    refuse(
      'h5-truncated',
      { file, where: '' },
      {
        en: `It is cut short: it holds ${eof[1]} of ${eof[2]} bytes.`,
        zh: `文件不完整：只有 ${eof[2]} 字节中的 ${eof[1]} 字节。`,
      },
      HINTS.downloadAgain,
    );
  }
  return refuse(
    'h5-damaged',
    { file, where: '' },
    { en: `The HDF5 file is damaged (${reason(message)}).`, zh: `HDF5 文件已损坏（${reason(message)}）。` },
    HINTS.downloadAgain,
  );
}

/** The innermost line of an HDF5 error stack. */
function reason(message: string): string {
  const lines = [...message.matchAll(/#\d+: .*?\(\): (.*)/g)].map((match) => match[1] as string);
  return shown(lines.at(-1) ?? message.split('\n')[0] ?? '');
}

function reader(handle: H5.File, module: H5Module, fileBytes: number, file: string): H5File {
  const id = handle.file_id;
  const checked = new Set<string>(['/']);
  const listings = new Map<string, ReadonlySet<string>>();
  let declared = 0;

  /** Refuses links on the way: every part of the path must be stored right there. */
  const follow = (path: string): boolean => {
    const parts = path.split('/').filter((part) => part !== '');
    let at = '';
    for (const part of parts) {
      const parent = at === '' ? '/' : at;
      at += `/${part}`;
      if (checked.has(at)) continue;
      const names = listings.get(parent) ?? new Set(module.get_names(id, parent, false));
      listings.set(parent, names);
      if (!names.has(part)) return false;
      if ('filename' in module.get_external_link(id, at) || module.get_symbolic_link(id, at) !== null)
        refuseLink(at, file);
      const type = module.get_type(id, at);
      if (type !== module.H5G_GROUP && type !== module.H5G_DATASET) return false;
      checked.add(at);
    }
    return true;
  };

  const attribute = (path: string, name: string): unknown => {
    if (!module.get_attribute_names(id, path).includes(name)) return undefined;
    const metadata = module.get_attribute_metadata(id, path, name);
    if (metadata.size * metadata.total_size > fileBytes) {
      refuse(
        'h5-size',
        { file, where: `${path}@${name}` },
        { en: 'It says that it is larger than the whole file.', zh: '其声明的大小超过整个文件。' },
        HINTS.downloadAgain,
      );
    }
    return (handle.get(path) as H5.Group | null)?.get_attribute(name, false);
  };

  return {
    kind: (path) => {
      if (path === '/') return 'group';
      if (!follow(path)) return null;
      return module.get_type(id, path) === module.H5G_GROUP ? 'group' : 'dataset';
    },
    keys: (path) => (follow(path) ? module.get_names(id, path, false) : []),
    attributes: (path) => (follow(path) ? module.get_attribute_names(id, path) : []),
    text: (path, name) => {
      if (!follow(path)) return undefined;
      const value = attribute(path, name);
      if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
      return typeof value === 'string' ? value : undefined;
    },
    texts: (path, name) => {
      if (!follow(path)) return undefined;
      const names = module.get_attribute_names(id, path);
      const parts = names.includes(name) ? [name] : [];
      for (let n = 0; parts.length === n && names.includes(`${name}${n}`); n++) parts.push(`${name}${n}`);
      if (parts.length === 0) return undefined;
      return parts.flatMap((part) => {
        const value = attribute(path, part);
        const list = Array.isArray(value) ? value : [value];
        if (ArrayBuffer.isView(value) && value.byteLength === 0) return [];
        if (value === null) return [];
        return list.every((one) => typeof one === 'string')
          ? (list as string[])
          : refuse(
              'h5-attribute',
              { file, where: `${path}@${part}` },
              { en: 'It should be a list of names.', zh: '应为名称列表。' },
              HINTS.exportAgain,
            );
      });
    },
    dataset: (path) => {
      if (!follow(path) || module.get_type(id, path) !== module.H5G_DATASET) {
        refuse(
          'h5-missing',
          { file, where: path },
          { en: 'It is listed but not stored in the file.', zh: '已列出，但文件中没有存储。' },
          HINTS.exportAgain,
        );
      }
      const metadata = module.get_dataset_metadata(id, path);
      const shape = metadata.shape;
      const isFloat = metadata.type === module.H5T_class_t.H5T_FLOAT.value && [2, 4, 8].includes(metadata.size);
      if (!isFloat || !shape) {
        refuse(
          'weight-type',
          { file, where: path },
          {
            en: 'Its values are not floating-point numbers of 16, 32 or 64 bits.',
            zh: '其数值不是 16、32 或 64 位浮点数。',
          },
          { en: 'Only ordinary float weights can be read.', zh: '只能读取普通的浮点权重。' },
        );
      }
      if ((metadata.virtual_sources?.length ?? 0) > 0) refuseLink(path, file);
      checkFilters(module.get_dataset_filters(id, path), path, file);
      const bytes = sizeOf(shape) * metadata.size;
      declared += bytes;
      const stored =
        metadata.chunks === null || metadata.chunks === undefined
          ? fileBytes
          : Math.max(LIMITS.inflatedFloor, fileBytes * LIMITS.inflatedRatio);
      if (
        sizeOf(shape) > LIMITS.elements ||
        bytes > stored ||
        declared >
          Math.max(
            fileBytes,
            Math.min(LIMITS.inflatedBytes, Math.max(LIMITS.inflatedFloor, fileBytes * LIMITS.inflatedRatio)),
          )
      ) {
        refuse(
          'h5-size',
          { file, where: path },
          {
            en: `Its shape [${shape.join(', ')}] needs ${bytesInWords(bytes)}, far more than the file of ${bytesInWords(fileBytes)} can hold.`,
            zh: `其形状 [${shape.join(', ')}] 需要 ${bytesInWords(bytes)}，远超 ${bytesInWords(fileBytes)} 的文件所能容纳。`,
          },
          HINTS.downloadAgain,
        );
      }
      return { shape, read: () => readFloats(module, id, path, bytes, metadata.size, file) };
    },
  };
}

function refuseLink(path: string, file: string): never {
  return refuse(
    'h5-link',
    { file, where: path },
    { en: 'It is a link to data elsewhere, which is never followed.', zh: '这是指向别处数据的链接，这里绝不会跟随。' },
    { en: 'Save the model with its weights inside the file.', zh: '请将模型连同权重保存在同一个文件内。' },
  );
}

const FILTERS = new Map([
  [4, 'SZIP'],
  [32000, 'LZF'],
  [32001, 'Blosc'],
  [32004, 'LZ4'],
  [32008, 'Bitshuffle'],
  [32013, 'ZFP'],
  [32015, 'Zstandard'],
  [32026, 'Blosc2'],
]);

/** Deflate, shuffle and checksums are built in; others are not. */
function checkFilters(
  filters: readonly { readonly id: number; readonly name: string }[],
  path: string,
  file: string,
): void {
  for (const { id, name } of filters) {
    if (id >= 1 && id <= 3) continue;
    const what = FILTERS.get(id) ?? (shown(name) || `filter ${id}`);
    refuse(
      'h5-filter',
      { file, where: path },
      { en: `It is compressed with ${what}, which cannot be read here.`, zh: `使用了 ${what} 压缩，这里无法读取。` },
      { en: 'Save it again without compression, or with gzip.', zh: '请不压缩或使用 gzip 压缩重新保存。' },
    );
  }
}

function readFloats(
  module: H5Module,
  id: bigint,
  path: string,
  bytes: number,
  size: number,
  file: string,
): Float32Array {
  if (bytes === 0) return new Float32Array(0);
  const pointer = module._malloc(bytes);
  if (pointer === 0)
    refuse(
      'h5-size',
      { file, where: path },
      { en: `There is no memory for its ${bytesInWords(bytes)}.`, zh: `没有足够的内存存放 ${bytesInWords(bytes)}。` },
      { en: 'Close other tabs, or open a smaller model.', zh: '请关闭其他标签页，或打开较小的模型。' },
    );
  try {
    // Untouched memory would show through where the library writes nothing.
    module.HEAPU8.fill(0, pointer, pointer + bytes);
    module.get_dataset_data(id, path, null, null, null, BigInt(pointer));
    return floats(module.HEAPU8.slice(pointer, pointer + bytes), size);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/external|efl/i.test(message)) refuseLink(path, file);
    return refuse(
      'h5-damaged',
      { file, where: path },
      { en: `Its values cannot be read (${reason(message)}).`, zh: `无法读取其数值（${reason(message)}）。` },
      HINTS.downloadAgain,
    );
  } finally {
    module._free(pointer);
  }
}

/** The library hands numbers over low byte first, whatever their order in the file. */
function floats(raw: Uint8Array, size: number): Float32Array {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const count = raw.length / size;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] =
      size === 4
        ? view.getFloat32(4 * i, true)
        : size === 8
          ? view.getFloat64(8 * i, true)
          : fromHalf(view.getUint16(2 * i, true));
  }
  return values;
}
