/**
 * The formats that models come and go in, in the order in which they are tried, and the way in for dropped files: sizes
 * first, then zips unpacked, then the format found by content, then the format's own reader.
 */
import type { Model } from '#core/model/model';
import type { Predictor } from '#core/predictor';
import { type Bundle, type Format, type Note, ReadError } from '#formats/format';
import { kerasH5 } from '#formats/keras-h5/index';
import { checkFileSizes } from '#formats/limits';
import { refuseUnknown, refuseWrongContent } from '#formats/others';
import { info, refuse, shown } from '#formats/refuse';
import { isZip } from '#formats/signatures';
import { tfjsLayers } from '#formats/tfjs-layers/index';
import { whittle } from '#formats/whittle/index';

export { checkFileSizes } from '#formats/limits';

export const FORMATS = [tfjsLayers, kerasH5, whittle] as const satisfies readonly Format[];
export type FormatId = (typeof FORMATS)[number]['id'];

const HEAD_BYTES = 4_096;

export interface ReadFiles {
  readonly format: FormatId;
  readonly model: Model;
  readonly notes: readonly Note[];
}

export interface ReadPredictor {
  readonly format: FormatId;
  readonly predictor: Predictor;
  /** What it is called. */
  readonly name: string;
  readonly notes: readonly Note[];
}

export function formatById(id: FormatId): Format {
  return FORMATS.find((format) => format.id === id) as Format;
}

/** The format of these files, by content. Throws a ReadError that names what else they are. */
export function detectFormat(bundle: Bundle): FormatId {
  const head = new Map([...bundle].map(([name, bytes]) => [name, bytes.subarray(0, HEAD_BYTES)]));
  refuseWrongContent(bundle);
  const found = FORMATS.find((format) => format.detect(head)) ?? FORMATS.find((format) => format.detect(bundle));
  return found ? found.id : refuseUnknown(bundle);
}

/** Reads dropped files as one model. Throws ReadError, always naming the file at fault. */
export async function readFiles(files: readonly File[]): Promise<ReadFiles> {
  const { format, predictor, notes } = await readPredictor(files);
  if (predictor.kind === 'model') return { format, model: predictor.model, notes };
  return refuse(
    'ensemble',
    { file: files[0]?.name ?? '', where: '' },
    { en: 'It is an ensemble, not one model.', zh: '这是一个集成，不是单个模型。' },
    { en: 'Unpack it, and drop one of its members.', zh: '请解压后拖入其中一个成员。' },
  );
}

interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Reads dropped files as a model, or as the ensemble or trees that were written here. Throws ReadError as well. */
export async function readPredictor(files: readonly File[]): Promise<ReadPredictor> {
  checkFileSizes(files.map(({ name, bytes }) => ({ name, size: bytes.length })));
  const notes: Note[] = [];
  /** Which dropped zip an unpacked file came from. */
  const zips = new Map<string, string>();
  try {
    const bundle = await unpack(files, notes, zips);
    const { isEnsemble, readEnsemble } = await import('#formats/ensemble/read');
    if (isEnsemble(bundle)) {
      const { predictor, name, notes: more } = await readEnsemble(bundle);
      return { format: 'tfjs-layers', predictor, name, notes: [...notes, ...more] };
    }
    const format = formatById(detectFormat(bundle));
    const result = await format.read(bundle);
    noteExtension(files, format, notes);
    const { model } = result;
    const predictor = { kind: 'model', model } as const;
    return { format: format.id as FormatId, predictor, name: model.name, notes: [...notes, ...result.notes] };
  } catch (error) {
    const zip = error instanceof ReadError ? zips.get(error.file) : undefined;
    // People know the file that they dropped, not what is in it.
    if (error instanceof ReadError && zip !== undefined) {
      throw new ReadError({
        code: error.code,
        file: shown(zip),
        where: [error.file, error.where].filter((part) => part !== '').join(', '),
        cause: error.cause_,
        hint: error.hint,
      });
    }
    if (error instanceof RangeError && /alloc|length|memory/i.test(error.message)) {
      refuse(
        'out-of-memory',
        { file: files[0]?.name ?? '', where: '' },
        { en: 'The browser has no memory left for it.', zh: '浏览器内存不足，无法打开。' },
        { en: 'Close other tabs, or open a smaller model.', zh: '请关闭其他标签页，或打开较小的模型。' },
      );
    }
    throw error;
  }
}

/** One bundle of all files, zips unpacked one level, by base name. */
async function unpack(files: readonly File[], notes: Note[], zips: Map<string, string>): Promise<Bundle> {
  const bundle = new Map<string, Uint8Array>();
  const add = (name: string, bytes: Uint8Array): void => {
    const before = bundle.get(name);
    if (before && same(before, bytes)) {
      notes.push(info(`"${shown(name)}" was given twice; once is enough.`, `"${shown(name)}" 给了两次，一次即可。`));
      return;
    }
    if (before) {
      refuse(
        'duplicate-file',
        { file: name, where: '' },
        { en: 'Two different files have this name.', zh: '有两个内容不同的文件使用了这个名称。' },
        { en: 'Drop the files of one model at a time.', zh: '请一次只拖入一个模型的文件。' },
      );
    }
    bundle.set(name, bytes);
  };
  for (const { name, bytes } of files) {
    const base = name.split(/[\\/]/).pop() ?? name;
    if (!isZip(bytes)) {
      add(base, bytes);
      continue;
    }
    const { readZip } = await import('#formats/zip');
    for (const [entry, content] of await readZip(bytes, base)) {
      if (isZip(content)) {
        refuse(
          'zip-in-zip',
          { file: base, where: entry },
          { en: 'There is another zip inside the zip.', zh: '压缩包里还有一个压缩包。' },
          { en: 'Unpack the outer one, and drop the inner one.', zh: '请解开外层压缩包，再拖入里面的那个。' },
        );
      }
      add(entry, content);
      zips.set(entry, base);
    }
  }
  return bundle;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The content decides; a name that says something else is worth a word. */
function noteExtension(files: readonly File[], format: Format, notes: Note[]): void {
  for (const { name, bytes } of files) {
    const extension = /\.[A-Za-z0-9]{1,12}$/.exec(name)?.[0].toLowerCase();
    const claims = extension === undefined ? null : CLAIMS.get(extension);
    const is = isZip(bytes) ? 'zip' : format.id === 'keras-h5' ? 'HDF5' : null;
    if (claims && is && claims !== is)
      notes.push(
        info(
          `"${shown(name)}" is really ${is === 'zip' ? 'a zip' : 'an HDF5 file'}, whatever its name says; it was read as such.`,
          `"${shown(name)}" 实际上是 ${is} 文件（与扩展名不符），已按其内容读取。`,
        ),
      );
  }
}

const CLAIMS: ReadonlyMap<string, string> = new Map([
  ['.h5', 'HDF5'],
  ['.hdf5', 'HDF5'],
  ['.keras', 'zip'],
  ['.zip', 'zip'],
  ['.json', 'JSON'],
  ['.onnx', 'ONNX'],
  ['.tflite', 'TFLite'],
  ['.pt', 'zip'],
  ['.bin', 'weights'],
]);
