import { classCounts, samplesOf } from '#engine/datasets/summary';
import { type Handler, throttled } from '#worker/call';

const samplesOfEachClass = 8;

/** Loads a data set (once) and tells what is in it. */
export const loadDataset: Handler<'loadDataset'> = async ({ id }, { session, signal, progress }) => {
  const dataset = await session.dataset(id, { signal, onProgress: throttled(progress) });
  const { train, validation, test } = dataset.splits;
  return {
    id,
    shape: dataset.shape,
    classes: dataset.classes,
    sizes: { train: train.count, validation: validation.count, test: test.count },
    counts: {
      train: classCounts(dataset, 'train'),
      validation: classCounts(dataset, 'validation'),
      test: classCounts(dataset, 'test'),
    },
    samples: samplesOf(dataset, samplesOfEachClass),
  };
};
