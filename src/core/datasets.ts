/**
 * What is known about each data set before a byte of it is loaded: its name, the size of its images, its classes, how
 * many images each part has, and whose it is. The engine reads the images; the page draws and checks with this table.
 */
import type { Words } from '#core/params';

export interface DatasetFacts {
  readonly id: 'digits' | 'mnist' | 'fashion-mnist';
  readonly words: { readonly title: Words; readonly help: Words };
  /** [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  /** In label order. */
  readonly classes: readonly Words[];
  /** Images in each part. */
  readonly sizes: { readonly train: number; readonly validation: number; readonly test: number };
  /** Bytes that are fetched, about. */
  readonly bytes: number;
  /** Whose it is and on what terms, in a line to be shown. */
  readonly licence: string;
}

const tenDigits: readonly Words[] = Array.from({ length: 10 }, (_, digit) => ({ en: `${digit}`, zh: `${digit}` }));

const clothes: readonly Words[] = [
  { en: 'T-shirt/top', zh: 'T 恤/上衣' },
  { en: 'Trouser', zh: '裤子' },
  { en: 'Pullover', zh: '套头衫' },
  { en: 'Dress', zh: '连衣裙' },
  { en: 'Coat', zh: '外套' },
  { en: 'Sandal', zh: '凉鞋' },
  { en: 'Shirt', zh: '衬衫' },
  { en: 'Sneaker', zh: '运动鞋' },
  { en: 'Bag', zh: '包' },
  { en: 'Ankle boot', zh: '短靴' },
];

/** In menu order; the first is the one a fresh project starts with. */
export const DATASETS: readonly [DatasetFacts, ...DatasetFacts[]] = [
  {
    id: 'digits',
    words: {
      title: { en: 'Digits', zh: 'Digits（小手写数字）' },
      help: {
        en: 'Handwritten digits of 8 by 8 pixels. Small enough to train on in seconds: the place to start.',
        zh: '8×8 像素的手写数字。数据很小，几秒即可训练完成：适合从这里开始。',
      },
    },
    shape: [8, 8, 1],
    classes: tenDigits,
    sizes: { train: 1197, validation: 300, test: 300 },
    bytes: 60_000,
    licence:
      'Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI, 1998, CC BY 4.0; as packaged with scikit-learn, BSD-3-Clause',
  },
  {
    id: 'mnist',
    words: {
      title: { en: 'MNIST', zh: 'MNIST（手写数字）' },
      help: {
        en: 'Handwritten digits of 28 by 28 pixels, the data set on which most papers about pruning begin.',
        zh: '28×28 像素的手写数字，多数剪枝论文都从这个数据集开始。',
      },
    },
    shape: [28, 28, 1],
    classes: tenDigits,
    sizes: { train: 50_000, validation: 10_000, test: 10_000 },
    bytes: 11_500_000,
    licence: 'MNIST, Yann LeCun, Corinna Cortes and Christopher J.C. Burges, CC BY-SA 3.0',
  },
  {
    id: 'fashion-mnist',
    words: {
      title: { en: 'Fashion-MNIST', zh: 'Fashion-MNIST（服饰）' },
      help: {
        en: 'Pictures of clothes of 28 by 28 pixels. As many as MNIST and clearly harder.',
        zh: '28×28 像素的服饰图片。数量与 MNIST 相同，但明显更难。',
      },
    },
    shape: [28, 28, 1],
    classes: clothes,
    sizes: { train: 50_000, validation: 10_000, test: 10_000 },
    bytes: 30_900_000,
    licence: 'Fashion-MNIST, copyright 2017 Zalando SE, MIT licence',
  },
];

/** Throws when there is no such data set. */
export function datasetFacts(id: string): DatasetFacts {
  const facts = DATASETS.find((dataset) => dataset.id === id);
  if (!facts) throw new Error(`no data set "${id}"`);
  return facts;
}

/**
 * Whether a classifier's input (without the batch) and number of outputs fit a data set: the same image, or one vector
 * with as many values, and as many classes.
 */
export function fitsDataset(inputShape: readonly number[], classes: number, facts: DatasetFacts): boolean {
  const pixels = facts.shape.reduce((product, size) => product * size, 1);
  const isVector = inputShape.length === 1 && inputShape[0] === pixels;
  const isImage =
    inputShape.length === facts.shape.length && facts.shape.every((size, axis) => inputShape[axis] === size);
  return classes === facts.classes.length && (isVector || isImage);
}
