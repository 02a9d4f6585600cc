/**
 * Weights that are not negative and sum to 1, fitted on validation images so that the mixture's log loss is least. The
 * problem is convex; expectation maximisation finds its optimum from equal weights, without a step size, and never leaves
 * the simplex: w_m becomes the mean over the images of w_m p_m(label) / sum_j w_j p_j(label). Deterministic.
 * Papers: van der Laan, Polley, Hubbard 2007 (super learner); Dempster, Laird, Rubin 1977.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { averaged, weightsIn } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { lines } from '#core/formula';
import { softmaxRows } from '#core/numeric/softmax';

const MOST_ROUNDS = 2000;

export const learnedWeights = defineEnsemble({
  id: 'learned-weights',
  kind: 'parallel',
  words: {
    title: { en: 'Learned weights', zh: '学习的权重' },
    help: {
      en: 'How much each member counts is fitted on validation images, so that the average is as good as it can be there. A member that adds nothing gets weight 0.',
      zh: '在验证图片上拟合每个成员的比重，使加权平均在那里尽可能好。没有贡献的成员权重为 0。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays with members of different kinds and quality. On few validation images it learns accidents.',
      zh: '当成员类型和水平各不相同时值得用。验证图片太少时它会学到偶然现象。',
    },
    paper: 'van der Laan, Polley, Hubbard 2007, Super Learner',
  },
  params: {},
  members: { least: 1 },
  gives: 'probabilities',
  formula: () =>
    lines('p = Σₘ wₘ · softmax(zₘ),   wₘ ≥ 0,   Σ wₘ = 1', {
      en: 'w = argmin −mean ln p[y] on validation images, y: the label',
      zh: 'w = argmin −mean ln p[y]，在验证图片上取均值，y 为标签',
    }),
  fit({ logits, labels, classes }) {
    const images = labels.length;
    const members = logits.length;
    const p = logits.map((own) => {
      const all = softmaxRows(own, classes);
      return Float64Array.from({ length: images }, (_, i) => all[i * classes + (labels[i] as number)] as number);
    });
    let weights: readonly number[] = Array.from({ length: members }, () => 1 / members);
    for (let round = 0; round < MOST_ROUNDS && images > 0; round++) {
      const next = new Array<number>(members).fill(0);
      let counted = 0;
      for (let i = 0; i < images; i++) {
        let mixture = 0;
        for (let m = 0; m < members; m++) mixture += (weights[m] as number) * (p[m]?.[i] as number);
        // An image to which nobody gives a chance says nothing about whom to trust.
        if (!(mixture > 0)) continue;
        counted++;
        for (let m = 0; m < members; m++)
          next[m] = (next[m] as number) + ((weights[m] as number) * (p[m]?.[i] as number)) / mixture;
      }
      if (counted === 0) break;
      const scaled = next.map((w) => w / counted);
      const moved = Math.max(...scaled.map((w, m) => Math.abs(w - (weights[m] as number))));
      weights = scaled;
      if (moved < 1e-7) break;
    }
    const kept = weights.map((w) => (w < 1e-4 ? 0 : w));
    const sum = kept.reduce((total, w) => total + w, 0);
    return { weights: kept.map((w) => w / sum) };
  },
  combine: (logits, classes, _values, state) => ({
    scores: averaged(logits, classes, weightsIn(state, logits.length)),
  }),
  weights: (members, _values, state) => weightsIn(state, members),
});
