/**
 * Majority vote: every member has one vote. Ties go to the class with the larger sum of probabilities, then to the lower
 * index. Paper: Lam and Suen 1997.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { alike } from '#core/ensembles/shared/averages';
import { votes } from '#core/ensembles/shared/votes';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { lines } from '#core/formula';

export const majorityVote = defineEnsemble({
  id: 'majority-vote',
  kind: 'parallel',
  words: {
    title: { en: 'Majority vote', zh: '多数投票' },
    help: {
      en: 'Every member has one vote. Where classes have equally many, the one with the larger sum of probabilities wins, then the lower one.',
      zh: '每个成员一票。票数相同时，概率之和较大的类获胜；仍相同则取序号较小的类。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays where the probabilities of members cannot be trusted or compared, and with three members or more.',
      zh: '当成员的概率不可信或无法相互比较，且成员不少于三个时值得用。',
    },
    paper: 'Lam, Suen 1997, Application of Majority Voting to Pattern Recognition',
  },
  params: {},
  members: { least: 1 },
  gives: 'scores',
  formula: () =>
    lines('k* = argmaxₖ Σₘ [argmax zₘ = k]', {
      en: 'of equal k the one with the larger Σₘ softmax(zₘ)ₖ, then the lower one',
      zh: '票数相同时取 Σₘ softmax(zₘ)ₖ 较大者，仍相同则取 k 较小者',
    }),
  combine: (logits, classes) => ({ scores: votes(logits, classes, alike(logits.length)) }),
  weights: alike,
});
