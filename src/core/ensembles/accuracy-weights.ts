/**
 * Members weighted by how often each is right on validation images: by its accuracy, or by the log odds of being right,
 * which is best for votes of independent members. Paper: Littlestone and Warmuth 1994; Kuncheva 2004, chapter 4.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { answersIn } from '#core/ensembles/shared/answers';
import { averaged, normalised, weightsIn } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { lines } from '#core/formula';
import type { ChoiceParam } from '#core/params';

const RULE: ChoiceParam<'normalised' | 'logOdds'> = {
  kind: 'choice',
  default: 'normalised',
  label: { en: 'Weight', zh: '权重' },
  help: {
    en: 'Accuracies differ little, so accuracy weighs members almost alike; log odds tell good and better members apart.',
    zh: '各成员准确率相差不大，用准确率几乎等于平均；用对数几率更能区分好与更好的成员。',
  },
  options: [
    { value: 'normalised', label: { en: 'Accuracy', zh: '准确率' } },
    { value: 'logOdds', label: { en: 'Log odds of being right', zh: '答对的对数几率' } },
  ],
};

export const accuracyWeights = defineEnsemble({
  id: 'accuracy-weights',
  kind: 'parallel',
  words: {
    title: { en: 'Weighted by accuracy', zh: '按准确率加权' },
    help: {
      en: 'The better a member does on validation images, the more its probabilities count in the average.',
      zh: '成员在验证图片上表现越好，它的概率在平均中占的比重越大。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays where members are of different quality, such as an optimized model beside its original.',
      zh: '当成员水平不一（例如压缩后的模型与原模型并用）时值得用。',
    },
    paper: 'Kuncheva 2004, Combining Pattern Classifiers, chapter 4',
  },
  params: { rule: RULE },
  members: { least: 1 },
  gives: 'probabilities',
  formula: ({ rule }) =>
    lines(`p = Σₘ wₘ · softmax(zₘ),   wₘ ∝ ${rule === 'logOdds' ? 'max(0, ln(aₘ / (1 − aₘ)))' : 'aₘ'}`, {
      en: 'aₘ: validation accuracy of member m',
      zh: 'aₘ 为成员 m 的验证准确率',
    }),
  fit({ logits, labels, classes }, { rule }) {
    const weights = logits.map((own) => {
      const answers = answersIn(own, classes);
      const n = answers.length;
      const right = answers.reduce((sum, answer, i) => sum + (answer === labels[i] ? 1 : 0), 0);
      // Half an image on either side keeps the odds of a member that is always right finite.
      return rule === 'logOdds' ? Math.max(0, Math.log((right + 0.5) / (n - right + 0.5))) : right / Math.max(1, n);
    });
    return { weights: normalised(weights) };
  },
  combine: (logits, classes, _values, state) => ({
    scores: averaged(logits, classes, weightsIn(state, logits.length)),
  }),
  weights: (members, _values, state) => weightsIn(state, members),
});
