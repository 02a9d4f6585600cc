/**
 * What may be taken into memory, decided before it is taken. The numbers are those of a browser tab: float32 weights
 * need four times the bytes of an 8-bit file, and the HDF5 library has a heap of 2 GB.
 */
import { bytesInWords, refuse } from '#formats/refuse';

export const LIMITS = {
  /** Bytes of one dropped file, and of all of them together. */
  fileBytes: 512_000_000,
  /** Dropped files, and entries of a zip. */
  files: 2_000,
  /** Bytes that a zip may unpack to. */
  inflatedBytes: 512_000_000,
  /** A zip may always unpack to this much … */
  inflatedFloor: 16_000_000,
  /** … and beyond it to this many times its own bytes. Pruned float32 weights stay well under it. */
  inflatedRatio: 250,
  jsonBytes: 32_000_000,
  jsonDepth: 200,
  /** Layers after nested models are unfolded. */
  layers: 10_000,
  /** Elements of one tensor, and of one layer's output for one image. */
  elements: 250_000_000,
  /** Any one dimension. */
  dimension: 100_000_000,
} as const;

/** Refuses files that are too large, too many, or empty in number; needs no bytes, so ask before reading. */
export function checkFileSizes(files: readonly { readonly name: string; readonly size: number }[]): void {
  const first = files[0];
  if (!first) {
    refuse(
      'no-file',
      { file: '', where: '' },
      { en: 'No file was given.', zh: '没有收到文件。' },
      {
        en: 'Drop a model file on the page.',
        zh: '请将模型文件拖放到页面上。',
      },
    );
  }
  if (files.length > LIMITS.files) {
    refuse(
      'too-many-files',
      { file: first.name, where: '' },
      {
        en: `${files.length} files were dropped; at most ${LIMITS.files} are read.`,
        zh: `拖入了 ${files.length} 个文件，最多读取 ${LIMITS.files} 个。`,
      },
      { en: 'Drop only the files of one model.', zh: '请只拖入一个模型的文件。' },
    );
  }
  let total = 0;
  for (const { name, size } of files) {
    total += size;
    if (size > LIMITS.fileBytes || total > LIMITS.fileBytes) {
      const alone = size > LIMITS.fileBytes;
      const bytes = bytesInWords(alone ? size : total);
      const most = bytesInWords(LIMITS.fileBytes);
      refuse(
        'too-large',
        { file: name, where: '' },
        {
          en: `${alone ? 'It holds' : 'The files up to this one hold'} ${bytes}; at most ${most} can be opened in a browser.`,
          zh: `${alone ? '大小' : '到此文件为止的总大小'}为 ${bytes}；浏览器中最多可打开 ${most}。`,
        },
        {
          en: 'Open a smaller model, or convert this one to 8-bit or float16 weights first.',
          zh: '请打开较小的模型，或先将其权重转换为 8 位或 float16。',
        },
      );
    }
  }
}
