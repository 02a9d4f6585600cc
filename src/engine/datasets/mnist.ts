/**
 * MNIST: 60,000 and 10,000 handwritten digits of 28x28 pixels in four IDX files. The official test set is the test set;
 * 10,000 of the 60,000 are set apart for validation. Fashion-MNIST has the same files and shares the reader.
 */
import { datasetFacts } from '#core/datasets';
import type { Dataset } from '#engine/datasets/dataset';
import { type DatasetFile, type FetchOptions, fetchFiles } from '#engine/datasets/fetch';
import { checkLabels, readIdx } from '#engine/datasets/idx';
import { pick, stratifiedParts } from '#engine/datasets/split';

const divisionSeed = 60_000;

/** Training images, training labels, test images, test labels. */
export type FourFiles = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
type Paths = readonly [string, string, string, string];

export function loadMnist(options: FetchOptions): Promise<Dataset> {
  return loadFour('mnist', [9_840_000, 29_000, 1_640_000, 4_600], divisionSeed, options);
}

/** `packed`: about the gzipped bytes of the four files. */
export async function loadFour(
  id: 'mnist' | 'fashion-mnist',
  packed: readonly [number, number, number, number],
  seed: number,
  options: FetchOptions,
): Promise<Dataset> {
  const { sizes, shape } = datasetFacts(id);
  const image = shape[0] * shape[1];
  const official = sizes.train + sizes.validation;
  const unpacked = [16 + official * image, 8 + official, 16 + sizes.test * image, 8 + sizes.test] as const;
  const paths = pathsOf(id);
  const files = paths.map(
    (path, index): DatasetFile => ({ path, packed: packed[index] as number, unpacked: unpacked[index] as number }),
  );
  return readFour(id, (await fetchFiles(files, options)) as unknown as FourFiles, seed);
}

function pathsOf(id: string): Paths {
  const path = (name: string): string => `data/${id}/${name}.idx.gz`;
  return [path('train-images'), path('train-labels'), path('test-images'), path('test-labels')];
}

/** The data set from its four unpacked files. Throws DatasetError. */
export function readFour(id: 'mnist' | 'fashion-mnist', files: FourFiles, seed: number = divisionSeed): Dataset {
  const facts = datasetFacts(id);
  const { sizes, shape, classes } = facts;
  const [height, width] = shape;
  const paths = pathsOf(id);
  const official = sizes.train + sizes.validation;
  const pixels = readIdx(files[0], [official, height, width], paths[0]);
  const labels = readIdx(files[1], [official], paths[1]);
  const testPixels = readIdx(files[2], [sizes.test, height, width], paths[2]);
  const testLabels = readIdx(files[3], [sizes.test], paths[3]);
  checkLabels(labels, classes.length, paths[1]);
  checkLabels(testLabels, classes.length, paths[3]);
  const [inValidation, inTrain] = stratifiedParts(labels, classes.length, [sizes.validation, sizes.train], seed) as [
    Uint32Array,
    Uint32Array,
  ];
  return {
    id,
    shape,
    classes,
    scale: 1 / 255,
    splits: {
      train: pick(pixels, labels, inTrain, height * width),
      validation: pick(pixels, labels, inValidation, height * width),
      test: { count: sizes.test, pixels: testPixels.slice(), labels: testLabels.slice() },
    },
  };
}
