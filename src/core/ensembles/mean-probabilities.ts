/**
 * Mean of probabilities: every member's softmax, averaged. A member that is unsure says little, one that is sure much.
 * Paper: Hansen and Salamon 1990; for deep networks Lakshminarayanan et al. 2017.
 */
import { defineEnsemble } from '#core/ensembles/ensemble';
import { alike, averaged } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';

export const meanProbabilitiesWay = defineEnsemble({
  id: 'mean-probabilities',
  kind: 'parallel',
  words: {
    title: { en: 'Mean of probabilities', zh: '概率平均' },
    help: {
      en: 'Every member gives its probabilities, and their average is the answer. Errors that members do not share cancel out.',
      zh: '每个成员给出自己的概率，取平均作为回答。成员之间不同的错误会互相抵消。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays with members that are about equally good and err on different images. The safe first choice.',
      zh: '当各成员水平相近、错在不同图片上时值得用。这是稳妥的首选。',
    },
    paper:
      'Lakshminarayanan, Pritzel, Blundell 2017, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles',
  },
  params: {},
  members: { least: 1 },
  gives: 'probabilities',
  formula: () => 'p = (1 / M) · Σₘ softmax(zₘ)',
  combine: (logits, classes) => ({ scores: averaged(logits, classes, alike(logits.length)) }),
  weights: alike,
});
