/**
 * Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 and 10,000 pictures of clothes, in files like MNIST's.
 */
import type { Dataset } from '#engine/datasets/dataset';
import type { FetchOptions } from '#engine/datasets/fetch';
import { loadFour } from '#engine/datasets/mnist';

const divisionSeed = 70_000;

export function loadFashionMnist(options: FetchOptions): Promise<Dataset> {
  return loadFour('fashion-mnist', [26_421_856, 29_491, 4_422_079, 5_125], divisionSeed, options);
}
