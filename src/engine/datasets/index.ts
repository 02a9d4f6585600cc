/**
 * The list of data sets: how each is loaded. What is known of them before that stands in core/datasets. Adding one is a
 * file, a line here and its facts there.
 */
import type { DatasetFacts } from '#core/datasets';
import type { Dataset } from '#engine/datasets/dataset';
import { loadDigits } from '#engine/datasets/digits';
import { loadFashionMnist } from '#engine/datasets/fashion-mnist';
import type { FetchOptions } from '#engine/datasets/fetch';
import { loadMnist } from '#engine/datasets/mnist';

export const LOADERS = {
  digits: loadDigits,
  mnist: loadMnist,
  'fashion-mnist': loadFashionMnist,
} satisfies Record<DatasetFacts['id'], (options: FetchOptions) => Promise<Dataset>>;
