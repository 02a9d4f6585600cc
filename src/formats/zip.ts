/**
 * Zip archives, over zip.js with the browser's own deflate. Reading trusts nothing: sizes, ratios and the number of
 * entries are capped while inflating, checksums and overlapping entries are checked, paths count for nothing but their
 * base name. Writing is reproducible: fixed order, fixed dates, no host in it.
 */
import * as zip from '@zip.js/zip.js/lib/zip-core-native.js';
import type { Bundle } from '#formats/format';
import { LIMITS } from '#formats/limits';
import { bytesInWords, HINTS, refuse, shown } from '#formats/refuse';

/** What zip.js needs of a stream to write into. */
interface Sink {
  write(chunk: Uint8Array): void;
}
declare const WritableStream: new (sink: Sink) => unknown;

const OPTIONS = { useWebWorkers: false, useCompressionStream: true } as const;

/** Files that operating systems add and that belong to no model. */
const LITTER = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i;

/** The last part of a path with either kind of slash. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

/** The files of a zip by base name. Throws ReadError. */
export async function readZip(bytes: Uint8Array, file: string): Promise<Bundle> {
  const reader = new zip.ZipReader(new zip.Uint8ArrayReader(bytes), { ...OPTIONS, filenameValidation: 'tolerant' });
  const allowed = Math.min(LIMITS.inflatedBytes, Math.max(LIMITS.inflatedFloor, bytes.length * LIMITS.inflatedRatio));
  const files = new Map<string, Uint8Array>();
  let where = '';
  let total = 0;
  try {
    const entries: Entry[] = [];
    for await (const entry of reader.getEntriesGenerator()) {
      if (entries.push(entry as Entry) > LIMITS.files) tooMany(file);
    }
    for (const entry of entries) {
      where = entry.filename;
      const name = baseName(entry.filename);
      if (entry.directory || name === '' || LITTER.test(name) || entry.filename.startsWith('__MACOSX/')) continue;
      refuseStrange(entry, file);
      if (files.has(name)) {
        refuse(
          'zip-duplicate',
          { file, where: name },
          { en: 'Two entries have this name.', zh: '有两个条目使用了这个名称。' },
          { en: 'Pack the files of one model only.', zh: '请只打包一个模型的文件。' },
        );
      }
      const content = await inflate(entry, allowed - total, () => tooLarge(file, where, allowed));
      total += content.length;
      files.set(name, content);
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'ReadError') throw error;
    refuseZipError(error, file, where);
  } finally {
    await reader.close();
  }
  if (files.size === 0)
    refuse(
      'zip-empty',
      { file, where: '' },
      { en: 'The zip holds no files.', zh: '压缩包中没有文件。' },
      HINTS.exportAgain,
    );
  return files;
}

/** What is used of zip.js' entries. */
interface Entry {
  readonly filename: string;
  readonly directory: boolean;
  readonly symlink: boolean;
  readonly encrypted: boolean;
  readonly compressionMethod: number;
  readonly uncompressedSize: number;
  getData(writable: unknown, options: object): Promise<unknown>;
}

/** Refuses links, secrets and compression that browsers do not have. */
function refuseStrange({ symlink, encrypted, compressionMethod, filename: where }: Entry, file: string): void {
  if (symlink)
    refuse(
      'zip-link',
      { file, where },
      { en: 'This entry is a link, not a file.', zh: '此条目是链接，不是文件。' },
      { en: 'Put the file itself into the zip.', zh: '请把文件本身放入压缩包。' },
    );
  if (encrypted) refuseEncrypted(file, where);
  if (compressionMethod !== 0 && compressionMethod !== 8) refuseMethod(compressionMethod, file, where);
}

function refuseEncrypted(file: string, where: string): never {
  return refuse(
    'zip-encrypted',
    { file, where },
    { en: 'This entry is encrypted.', zh: '此条目已加密。' },
    { en: 'Unpack it with its password, and drop the files.', zh: '请用密码解压后再拖入文件。' },
  );
}

/** The content of one entry; `refuseSize` is called as soon as it grows past `most` bytes, whatever its header says. */
async function inflate(entry: Entry, most: number, refuseSize: () => never): Promise<Uint8Array> {
  if (entry.uncompressedSize > most) refuseSize();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let over = false;
  const sink: Sink = {
    write(chunk) {
      length += chunk.length;
      if (length > most) {
        over = true;
        throw new Error('too large');
      }
      chunks.push(chunk);
    },
  };
  try {
    await entry.getData(new WritableStream(sink), { ...OPTIONS, checkSignature: true, checkOverlappingEntry: true });
  } catch (error) {
    if (over) refuseSize();
    throw error;
  }
  const content = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}

function tooMany(file: string): never {
  return refuse(
    'zip-too-many',
    { file, where: '' },
    { en: `The zip holds more than ${LIMITS.files} entries.`, zh: `压缩包中的条目超过 ${LIMITS.files} 个。` },
    { en: 'Pack the files of one model only.', zh: '请只打包一个模型的文件。' },
  );
}

function tooLarge(file: string, where: string, allowed: number): never {
  return refuse(
    'zip-too-large',
    { file, where },
    { en: `The zip unpacks to more than ${bytesInWords(allowed)}.`, zh: `解压后的大小超过 ${bytesInWords(allowed)}。` },
    {
      en: 'If it really is that large, unpack it yourself and drop the files.',
      zh: '如果确实有这么大，请自行解压后再拖入文件。',
    },
  );
}

const METHODS = new Map([
  [1, 'Shrink'],
  [6, 'Implode'],
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
  [95, 'XZ'],
  [98, 'PPMd'],
  [99, 'AES'],
]);

function refuseMethod(method: number, file: string, where: string): never {
  const name = METHODS.get(method) ?? `method ${method}`;
  return refuse(
    'zip-method',
    { file, where },
    { en: `It is compressed with ${name}, which cannot be read here.`, zh: `使用了 ${name} 压缩，这里无法读取。` },
    { en: 'Pack the files again with ordinary (deflate) compression.', zh: '请用普通（deflate）压缩重新打包。' },
  );
}

/** zip.js' own errors, in words. */
function refuseZipError(error: unknown, file: string, where: string): never {
  const message = error instanceof Error ? error.message : String(error);
  switch (message) {
    case zip.ERR_INVALID_CRC32:
      return refuse(
        'zip-crc',
        { file, where },
        { en: 'Its content does not match its checksum (CRC).', zh: '内容与校验和（CRC）不符。' },
        HINTS.downloadAgain,
      );
    case zip.ERR_OVERLAPPING_ENTRY:
      return refuse(
        'zip-overlap',
        { file, where },
        {
          en: 'Entries of the zip lie on top of each other, as in a zip bomb.',
          zh: '压缩包的条目相互重叠，疑似压缩炸弹。',
        },
        { en: 'Do not open this file.', zh: '请不要打开此文件。' },
      );
    case zip.ERR_SPLIT_ZIP_FILE:
      return refuse(
        'zip-split',
        { file, where: '' },
        { en: 'It is one part of a zip that was split.', zh: '它是分卷压缩包的一部分。' },
        { en: 'Unpack all parts yourself and drop the files.', zh: '请自行解压全部分卷后再拖入文件。' },
      );
    case zip.ERR_ENCRYPTED:
    case zip.ERR_ENCRYPTED_CENTRAL_DIRECTORY:
      return refuseEncrypted(file, where);
    default:
      return refuse(
        'zip-damaged',
        { file, where },
        {
          en: `The zip is damaged or cut short (${shown(message)}).`,
          zh: `压缩包已损坏或不完整（${shown(message)}）。`,
        },
        HINTS.downloadAgain,
      );
  }
}

/** Bytes that are deflated in one go where others want a turn: some milliseconds. */
const PART = 65_536;

/**
 * A zip of these files in name order, deflated; the same files give the same bytes. Deflating lets nothing else in by itself:
 * `pause` is awaited before each part, and where it rejects, so does this.
 */
export async function writeZip(files: Bundle, pause?: () => Promise<void>): Promise<Uint8Array> {
  const writer = new zip.ZipWriter(new zip.Uint8ArrayWriter(), {
    ...OPTIONS,
    level: 9,
    extendedTimestamp: false,
    dataDescriptor: false,
    msDosCompatible: true,
    useUnicodeFileNames: true,
  });
  // The first moment that zip knows, in whatever time zone.
  const lastModDate = new Date(1980, 0, 1);
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const reader = new zip.Uint8ArrayReader(bytes);
    const read = reader.readUint8Array.bind(reader);
    if (pause)
      reader.readUint8Array = async (begin, length) => {
        await pause();
        return read(begin, Math.min(PART, length));
      };
    await writer.add(name, reader, { lastModDate });
  }
  return (await writer.close()) as Uint8Array;
}
