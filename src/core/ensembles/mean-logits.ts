/**
 * Mean of logits: what members give before their softmax, averaged; the normalised geometric mean of their probabilities.
 * A member that is sure a class is wrong can veto it. Paper: Hinton 1999 (products of experts).
 */
import { defineEnsemble } from '#core/ensembles/ensemble';
import { alike, meanLogits } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { logSoftmaxRows } from '#core/numeric/softmax';

export const meanLogitsWay = defineEnsemble({
  id: 'mean-logits',
  kind: 'parallel',
  words: {
    title: { en: 'Mean of logits', zh: 'logits 平均' },
    help: {
      en: 'The numbers before the softmax are averaged. One member that is sure a class is wrong can rule it out for all.',
      zh: '对 softmax 之前的数值取平均。只要有一个成员确信某类不对，就能替大家排除它。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays with members of one kind whose logits have the same scale, and where the ensemble is to become one graph.',
      zh: '当成员类型相同、logits 尺度一致，或需要把集成导出为一个计算图时值得用。',
    },
    paper: 'Hinton 1999, Products of Experts',
  },
  params: {},
  members: { least: 1 },
  gives: 'probabilities',
  formula: () => 'p = softmax((1 / M) · Σₘ zₘ)',
  combine: (logits, classes) => ({ scores: logSoftmaxRows(meanLogits(logits, alike(logits.length)), classes) }),
  weights: alike,
});
