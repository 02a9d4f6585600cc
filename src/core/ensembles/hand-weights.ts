/**
 * Weights set by hand, a slider for each member: the mean of probabilities that a person steers, to see what each member
 * is worth. Weights are divided by their sum; all at 0 count alike.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { averaged, normalised } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';
import type { NumberParam } from '#core/params';

/** How many members can be weighed. */
const MOST = 12;

const slider = (member: number): NumberParam => ({
  kind: 'number',
  min: 0,
  max: 1,
  step: 0.01,
  default: 1,
  live: true,
  label: { en: `Weight of member ${member}`, zh: `成员 ${member} 的权重` },
});
const sliders = (): Readonly<Record<string, NumberParam>> =>
  Object.fromEntries(Array.from({ length: MOST }, (_, i) => [`weight${i + 1}`, slider(i + 1)]));

const weightsOf = (members: number, values: Readonly<Record<string, number>>): readonly number[] =>
  normalised(Array.from({ length: members }, (_, i) => values[`weight${i + 1}`] ?? 1));

export const handWeights = defineEnsemble({
  id: 'hand-weights',
  kind: 'parallel',
  words: {
    title: { en: 'Weights by hand', zh: '手动权重' },
    help: {
      en: 'A slider says how much each member counts in the average of probabilities.',
      zh: '用滑块决定每个成员在概率平均中占多大比重。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays for seeing what each member adds. Learned weights find the best setting by themselves.',
      zh: '适合用来观察每个成员的贡献。“学习的权重”会自动找到最佳设置。',
    },
    paper: 'Kuncheva 2004, Combining Pattern Classifiers, chapter 5',
  },
  params: sliders(),
  members: { least: 1, most: MOST },
  gives: 'probabilities',
  formula: () => 'p = Σₘ wₘ · softmax(zₘ) / Σₘ wₘ',
  combine: (logits, classes, values) => ({ scores: averaged(logits, classes, weightsOf(logits.length, values)) }),
  weights: weightsOf,
});
