/**
 * Random forest: many deep trees, each grown on its own bootstrap sample, every split chosen among a random few features
 * (the square root of their number); their class shares are averaged. Breiman 2001.
 */
import { bootstrapRows } from '#core/numeric/folds';
import type { Tree } from '#core/predictor';
import { binned } from '#core/trees/bins';
import { growTree } from '#core/trees/grow';
import { DEPTH, defineTreeMethod, LEAST, pauseIn, TREES, wholeParam } from '#core/trees/method';

/** Images of every class added to each leaf: hardly more than that no class is impossible. */
const PSEUDO = 0.01;

export const randomForest = defineTreeMethod({
  id: 'random-forest',
  words: {
    title: { en: 'Random forest', zh: '随机森林' },
    help: {
      en: 'Many trees, each grown on other images and asking about other values. Their average is far better than any of them.',
      zh: '许多棵树，每棵用不同的图片、询问不同的数值。它们的平均远好于任何一棵。',
    },
    cost: { en: 'Seconds to grow, but many numbers to store.', zh: '几秒即可生成，但要存储许多数值。' },
    pays: {
      en: 'It pays on few images, and as a member beside networks: strong for trees, and wrong elsewhere.',
      zh: '在图片较少时，以及作为网络之外的成员时值得用：在树模型中较强，且错在不同的地方。',
    },
    paper: 'Breiman 2001, Random Forests',
  },
  params: {
    trees: wholeParam(50, 1, 500, TREES),
    depth: wholeParam(14, 1, 30, DEPTH),
    least: wholeParam(1, 1, 1000, LEAST),
  },

  async grow({ features, labels, classes }, values, context) {
    const data = binned(features, labels.length);
    const trees: Tree[] = [];
    for (let t = 0; t < values.trees; t++) {
      const weights = new Float64Array(labels.length);
      for (const row of bootstrapRows(labels.length, context.random)) weights[row] = (weights[row] as number) + 1;
      trees.push(
        await growTree(data, { kind: 'classes', labels, classes, pseudo: PSEUDO }, weights, {
          depth: values.depth,
          leastWeight: values.least,
          features: Math.max(1, Math.round(Math.sqrt(data.features))),
          lambda: 0,
          random: context.random,
          pause: () => pauseIn(context),
        }),
      );
      context.progress((t + 1) / values.trees);
      await pauseIn(context);
    }
    return { kind: 'mean', trees, start: [] };
  },
});
