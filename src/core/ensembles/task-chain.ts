/**
 * A chain of tasks: stage one predicts a group of classes, stage two, a member for each group, the class within it, and
 * P(c) = P(g) P(c | g). All members answer, so no group is ruled out by one doubtful decision.
 * Paper: Morin and Bengio 2005 (the class probability as a product of decisions).
 */
import { CLASS_GROUPS } from '#core/ensembles/class-groups';
import { defineEnsemble } from '#core/ensembles/ensemble';
import { byGroups, fitGroups, groupsIn, learnsGroups } from '#core/ensembles/shared/groups';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { logOf } from '#core/numeric/softmax';

export const taskChain = defineEnsemble({
  id: 'task-chain',
  kind: 'serial',
  words: {
    title: { en: 'Chain of tasks', zh: '任务链' },
    help: {
      en: 'Stage one says how likely each group of classes is, stage two how likely each class is within its group; the two are multiplied.',
      zh: '第一阶段给出每组类别的概率，第二阶段给出组内每个类别的概率，两者相乘。',
    },
    cost: ALL_RUN,
    pays: {
      en: 'It pays where the groups have a meaning (tops, shoes, bags) and each second stage can be small because it decides little.',
      zh: '当各组有实际含义（上衣、鞋、包），且第二阶段只需做少量判断因而可以很小时值得用。',
    },
    paper: 'Morin, Bengio 2005, Hierarchical Probabilistic Neural Network Language Model',
    order: {
      en: 'First the stage that tells groups apart, then one member for each group.',
      zh: '先是区分各组的阶段，然后每组一个成员。',
    },
  },
  params: { classes: CLASS_GROUPS },
  members: { least: 2 },
  gives: 'probabilities',
  formula: () => 'P(c) = P(g) · P(c | g)',
  fit: fitGroups,
  learns: learnsGroups,
  combine(logits, classes, _values, state) {
    const groups = groupsIn(state, logits.length - 1, classes);
    return { scores: logOf(byGroups(logits, classes, groups, false).probabilities) };
  },
});
