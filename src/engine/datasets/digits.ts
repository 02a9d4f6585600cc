/**
 * Digits: 1,797 handwritten digits of 8x8 pixels with values from 0 to 16, as lines of 64 pixels and a label. There is
 * no official division: training, validation and test are made here.
 */
import { datasetFacts } from '#core/datasets';
import type { Dataset } from '#engine/datasets/dataset';
import { DatasetError } from '#engine/datasets/errors';
import { type FetchOptions, fetchFiles } from '#engine/datasets/fetch';
import { pick, stratifiedParts } from '#engine/datasets/split';

const file = 'data/digits/digits.csv.gz';
const divisionSeed = 1797;
const pixelsOfImage = 64;
const brightest = 16;

export async function loadDigits(options: FetchOptions): Promise<Dataset> {
  const [bytes] = await fetchFiles([{ path: file, packed: 57_512, unpacked: 400_000 }], options);
  return readDigits(new TextDecoder().decode(bytes));
}

/** Throws DatasetError naming the line that is wrong. */
export function readDigits(text: string): Dataset {
  const facts = datasetFacts('digits');
  const { train, validation, test } = facts.sizes;
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const count = train + validation + test;
  if (lines.length !== count) {
    throw new DatasetError('csv', file, {
      en: `The file has ${lines.length} lines where ${count} are expected.`,
      zh: `文件有 ${lines.length} 行，应为 ${count} 行。`,
    });
  }
  const pixels = new Uint8Array(count * pixelsOfImage);
  const labels = new Uint8Array(count);
  for (const [row, line] of lines.entries()) {
    const values = line.split(',').map(Number);
    const label = values.at(-1) as number;
    const isImage =
      values.length === pixelsOfImage + 1 &&
      values.slice(0, -1).every((value) => Number.isInteger(value) && value >= 0 && value <= brightest);
    if (!isImage || !Number.isInteger(label) || label < 0 || label >= facts.classes.length) {
      throw new DatasetError('csv', file, {
        en: `Line ${row + 1} is not 64 pixels from 0 to 16 and a label from 0 to 9.`,
        zh: `第 ${row + 1} 行不是 64 个 0 到 16 的像素值加一个 0 到 9 的标签。`,
      });
    }
    pixels.set(values.slice(0, -1), row * pixelsOfImage);
    labels[row] = label;
  }
  const [inTest, inValidation, inTrain] = stratifiedParts(
    labels,
    facts.classes.length,
    [test, validation, train],
    divisionSeed,
  ) as [Uint32Array, Uint32Array, Uint32Array];
  return {
    id: facts.id,
    shape: facts.shape,
    classes: facts.classes,
    scale: 1 / brightest,
    splits: {
      train: pick(pixels, labels, inTrain, pixelsOfImage),
      validation: pick(pixels, labels, inValidation, pixelsOfImage),
      test: pick(pixels, labels, inTest, pixelsOfImage),
    },
  };
}
