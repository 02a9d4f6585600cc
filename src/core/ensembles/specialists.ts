/**
 * Specialists: a small router, the first member, says to which group of classes an image belongs, and that group's
 * specialist says which class of the group it is. One specialist is asked for each image; for the other groups the
 * router's own probabilities stand. Paper: Jacobs, Jordan, Nowlan, Hinton 1991; Hinton, Vinyals, Dean 2015, section 5.
 */
import { CLASS_GROUPS } from '#core/ensembles/class-groups';
import { defineEnsemble } from '#core/ensembles/ensemble';
import { byGroups, fitGroups, groupsIn, learnsGroups } from '#core/ensembles/shared/groups';
import { logOf } from '#core/numeric/softmax';

export const specialists = defineEnsemble({
  id: 'specialists',
  kind: 'serial',
  words: {
    title: { en: 'Specialists', zh: '专家' },
    help: {
      en: 'A small router looks at every image and hands it to the specialist for that group of classes.',
      zh: '一个小的路由模型查看每张图片，再把它交给负责该组类别的专家。',
    },
    cost: {
      en: 'Parameters and file add up; for each image only the router and one specialist run.',
      zh: '参数和文件相加；每张图片只运行路由模型和一个专家。',
    },
    pays: {
      en: 'It pays where classes fall into groups that are easy to tell apart but hard to tell apart inside, as with clothes.',
      zh: '当类别可分成几组、组间易分而组内难分时值得用，例如服饰图片。',
    },
    paper: 'Jacobs, Jordan, Nowlan, Hinton 1991, Adaptive Mixtures of Local Experts',
    order: { en: 'First the router, then the specialists.', zh: '先是路由模型，然后是各个专家。' },
  },
  params: { classes: CLASS_GROUPS },
  members: { least: 2 },
  gives: 'probabilities',
  formula: () => ({
    en: 'P(g) = Σ r(c) over c ∈ g, r: probabilities of the router; g* = argmax P(g)\nP(c) = P(g*) · s(c) if c ∈ g*, else r(c); s: softmax of the specialist of g* over c ∈ g*',
    zh: 'P(g) = Σ r(c)，对 c ∈ g 求和，r 为路由模型的概率；g* = argmax P(g)\n当 c ∈ g* 时 P(c) = P(g*) · s(c)，否则 P(c) = r(c)；s 为 g* 的专家在 c ∈ g* 上的 softmax',
  }),
  fit: fitGroups,
  learns: learnsGroups,
  combine(logits, classes, _values, state) {
    const { probabilities, used } = byGroups(logits, classes, groupsIn(state, logits.length - 1, classes), true);
    return { scores: logOf(probabilities), used };
  },
});
