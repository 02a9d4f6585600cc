/** One decision tree: a chain of questions "is this feature above that?", chosen by the Gini impurity. Breiman et al. 1984 (CART). */
import { binned } from '#core/trees/bins';
import { growTree } from '#core/trees/grow';
import { DEPTH, defineTreeMethod, LEAST, pauseIn, wholeParam } from '#core/trees/method';

export const decisionTree = defineTreeMethod({
  id: 'decision-tree',
  words: {
    title: { en: 'Decision tree', zh: '决策树' },
    help: {
      en: 'A chain of yes-or-no questions about single values, which a person can read from top to bottom.',
      zh: '由一连串关于单个数值的是非问题组成，人可以从上到下读懂。',
    },
    cost: { en: 'Seconds to grow, and a few comparisons an image.', zh: '几秒即可生成；每张图片只需几次比较。' },
    pays: {
      en: 'It pays as a member that errs quite differently from networks. Alone on pixels it is weak.',
      zh: '作为与网络错误方式很不同的成员值得用。单独用于像素时较弱。',
    },
    paper: 'Breiman, Friedman, Olshen, Stone 1984, Classification and Regression Trees',
  },
  params: { depth: wholeParam(10, 1, 30, DEPTH), least: wholeParam(5, 1, 1000, LEAST) },

  async grow({ features, labels, classes }, { depth, least }, context) {
    const data = binned(features, labels.length);
    const weights = new Float64Array(labels.length).fill(1);
    const tree = await growTree(data, { kind: 'classes', labels, classes, pseudo: 1 }, weights, {
      depth,
      leastWeight: least,
      features: data.features,
      lambda: 0,
      random: context.random,
      pause: () => pauseIn(context),
    });
    context.progress(1);
    return { kind: 'mean', trees: [tree], start: [] };
  },
});
