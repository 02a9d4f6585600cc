/**
 * Soft vote: every member divides one vote among the classes by its probabilities, and the class with the most wins; the
 * lower class index where two have as much. The votes of M members are M times the mean of their probabilities, so this
 * is that mean under the name it has beside the majority vote. Paper: Kittler et al. 1998.
 */

import { defineEnsemble } from '#core/ensembles/ensemble';
import { alike, averaged } from '#core/ensembles/shared/averages';
import { ALL_RUN } from '#core/ensembles/shared/words';

export const softVote = defineEnsemble({
  id: 'soft-vote',
  kind: 'parallel',
  words: {
    title: { en: 'Soft vote', zh: '软投票' },
    help: {
      en: 'Every member divides its vote among the classes as its probabilities say; most votes win, the lower class where they are equal. The same numbers as the mean of probabilities.',
      zh: '每个成员按自己的概率把一票分给各类；得票最多者获胜，相同时取序号较小的类。数值与“概率平均”相同。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays nearly always over a majority vote, because a vote of 51 % and one of 99 % are not the same.',
      zh: '几乎总是优于多数投票，因为 51% 的一票和 99% 的一票并不一样。',
    },
    paper: 'Kittler, Hatef, Duin, Matas 1998, On Combining Classifiers',
  },
  params: {},
  members: { least: 1 },
  gives: 'probabilities',
  formula: () => 'v = Σₘ softmax(zₘ),   k* = argmaxₖ vₖ,   p = v / M',
  combine: (logits, classes) => ({ scores: averaged(logits, classes, alike(logits.length)) }),
  weights: alike,
});
