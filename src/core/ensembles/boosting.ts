/**
 * The vote of boosted members (SAMME): each member's vote counts as much as its training earned it. Members are made by
 * `making/boosting`, which also gives the weights; for members from elsewhere the same formula is taken of their errors on
 * validation images. Ties as in the majority vote. Paper: Zhu, Zou, Rosset, Hastie 2009.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { answersIn } from '#core/ensembles/shared/answers';
import { normalised, weightsIn } from '#core/ensembles/shared/averages';
import { sammeWeight } from '#core/ensembles/shared/samme';
import { votes } from '#core/ensembles/shared/votes';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { lines } from '#core/formula';

export const boosting = defineEnsemble({
  id: 'boosting',
  kind: 'serial',
  words: {
    title: { en: 'Boosting (SAMME)', zh: '提升（SAMME）' },
    help: {
      en: 'Members are trained one after another, each on what those before it got wrong, and vote with weights that follow from their errors.',
      zh: '成员一个接一个训练，每个都侧重前面成员答错的图片；投票权重由各自的错误率决定。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays with very small, weak members: many of them together reach what none could. Strong members leave it little to correct.',
      zh: '适合很小、很弱的成员：许多弱成员合起来能达到单个达不到的水平。成员很强时可纠正的错误很少。',
    },
    paper: 'Zhu, Zou, Rosset, Hastie 2009, Multi-class AdaBoost',
  },
  params: {},
  members: { least: 1 },
  gives: 'scores',
  formula: () =>
    lines('k* = argmaxₖ Σₘ αₘ [argmax zₘ = k],   αₘ = max(0, ln((1 − eₘ) / eₘ) + ln(K − 1))', {
      en: 'eₘ: error of member m, K: classes',
      zh: 'eₘ 为成员 m 的错误率，K 为类别数',
    }),
  fit({ logits, labels, classes }) {
    const weights = logits.map((own) => {
      const answers = answersIn(own, classes);
      const wrong = answers.reduce((sum, answer, i) => sum + (answer === labels[i] ? 0 : 1), 0);
      // Half an image on either side: a member that is never wrong would outvote all others for ever.
      return Math.max(0, sammeWeight((wrong + 0.5) / (answers.length + 1), classes));
    });
    return { weights: normalised(weights) };
  },
  combine: (logits, classes, _values, state) => ({ scores: votes(logits, classes, weightsIn(state, logits.length)) }),
  weights: (members, _values, state) => weightsIn(state, members),
});
