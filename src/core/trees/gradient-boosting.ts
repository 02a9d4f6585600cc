/**
 * Gradient-boosted trees for several classes: in every round one small tree a class takes a step against the gradient of the
 * log loss, p - y, with its curvature p (1 - p) as weight (Newton). Each round looks at a random half of the images and each
 * split at a part of the features. Friedman 2001 and 2002; Chen and Guestrin 2016 (XGBoost).
 */
import { softmaxRows } from '#core/numeric/softmax';
import type { NumberParam } from '#core/params';
import type { Tree } from '#core/predictor';
import { leafOf } from '#core/trees/answer';
import { binned } from '#core/trees/bins';
import { growTree } from '#core/trees/grow';
import { DEPTH, defineTreeMethod, pauseIn, wholeParam } from '#core/trees/method';

const RATE: NumberParam = {
  kind: 'number',
  min: 0.01,
  max: 1,
  step: 0.01,
  default: 0.2,
  control: 'field',
  label: { en: 'Learning rate', zh: '学习率' },
};
/** Images of a round, and features of a split, as shares. */
const IMAGES = 0.5;
const FEATURES = 0.2;

export const gradientBoosting = defineTreeMethod({
  id: 'gradient-boosting',
  words: {
    title: { en: 'Gradient-boosted trees', zh: '梯度提升树' },
    help: {
      en: 'Small trees, one after another, each correcting a little of what the sum of those before it still gets wrong.',
      zh: '一棵接一棵的小树，每棵都对前面各树之和的剩余误差做一点修正。',
    },
    cost: {
      en: 'One tree for each class and round: slower to grow than a forest, smaller to store.',
      zh: '每轮每类一棵树：生成比随机森林慢，但存储更小。',
    },
    pays: {
      en: "It pays on a network's features, of which there are few, more than on pixels.",
      zh: '用于网络的特征（数量较少）比用于像素更划算。',
    },
    paper: 'Friedman 2001, Greedy Function Approximation; Chen, Guestrin 2016, XGBoost',
  },
  params: {
    rounds: wholeParam(30, 1, 500, { en: 'Rounds', zh: '轮数' }),
    depth: wholeParam(4, 1, 10, DEPTH),
    rate: RATE,
  },

  async grow({ features, labels, classes }, { rounds, depth, rate }, context) {
    const images = labels.length;
    const data = binned(features, images);
    const shares = new Float64Array(classes).fill(1);
    for (let i = 0; i < images; i++) shares[labels[i] as number] = (shares[labels[i] as number] as number) + 1;
    const start = [...shares].map((count) => Math.log(count / (images + classes)));
    const sums = Float64Array.from({ length: images * classes }, (_, i) => start[i % classes] as number);
    const trees: Tree[] = [];
    for (let round = 0; round < rounds; round++) {
      const p = softmaxRows(sums, classes);
      const seen = Uint8Array.from({ length: images }, () => (context.random() < IMAGES ? 1 : 0));
      for (let k = 0; k < classes; k++) {
        const gradients = new Float64Array(images);
        const weights = new Float64Array(images);
        for (let i = 0; i < images; i++) {
          const own = p[i * classes + k] as number;
          gradients[i] = (labels[i] === k ? 1 : 0) - own;
          weights[i] = seen[i] ? Math.max(own * (1 - own), 1e-6) : 0;
        }
        const grown = await growTree(data, { kind: 'gradients', values: gradients }, weights, {
          depth,
          leastWeight: 1e-3,
          features: Math.max(Math.min(8, data.features), Math.round(FEATURES * data.features)),
          lambda: 1,
          random: context.random,
          pause: () => pauseIn(context),
        });
        const tree = { ...grown, value: grown.value.map((value) => rate * value) };
        for (let i = 0; i < images; i++) {
          const row = features.subarray(i * data.features, (i + 1) * data.features);
          sums[i * classes + k] = (sums[i * classes + k] as number) + (tree.value[leafOf(tree, row)] as number);
        }
        trees.push(tree);
        context.progress((round * classes + k + 1) / (rounds * classes));
        await pauseIn(context);
      }
    }
    return { kind: 'sum', trees, start };
  },
});
