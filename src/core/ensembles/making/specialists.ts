/**
 * Specialists' members: classes that a trained model confuses are put into groups, and for each group a network is trained
 * on the images of its classes only. The model itself becomes the router (or the first stage of a chain).
 * Paper: Hinton, Vinyals, Dean 2015, section 5 (specialists for confusable classes).
 */
import { defineMaking } from '#core/ensembles/making/making';
import {
  asPredictor,
  countParam,
  memberTraining,
  partOf,
  trainAfresh,
  trainMember,
} from '#core/ensembles/making/shared';
import { answersIn } from '#core/ensembles/shared/answers';
import { byGroups, groupsByConfusion } from '#core/ensembles/shared/groups';
import { confusionMatrix } from '#core/metrics/classification';
import type { Model } from '#core/model/model';
import type { ChoiceParam, FlagParam, Words } from '#core/params';

const WAY: ChoiceParam<'specialists' | 'task-chain'> = {
  kind: 'choice',
  default: 'specialists',
  label: { en: 'Combined as', zh: '组合方式' },
  options: [
    { value: 'specialists', label: { en: 'Router and one specialist', zh: '路由模型加一个专家' } },
    { value: 'task-chain', label: { en: 'Chain: group, then class', zh: '任务链：先分组，再分类' } },
  ],
};
const AFRESH: FlagParam = {
  kind: 'flag',
  default: false,
  label: { en: 'Start afresh', zh: '重新初始化' },
  help: {
    en: 'Off: specialists start from the weights of the model they are copies of.',
    zh: '关闭：专家从其所复制模型的权重开始训练。',
  },
};

export const specialistMembers = defineMaking({
  id: 'specialists',
  words: {
    title: { en: 'Specialists', zh: '专家' },
    help: {
      en: 'Puts the classes that a model confuses into groups, and trains a network for each group on its images only.',
      zh: '把模型容易混淆的类别分到同一组，并为每组只用该组的图片训练一个网络。',
    },
    cost: { en: 'One training on a part of the images for each group.', zh: '每组用部分图片训练一次。' },
    pays: {
      en: 'It pays where a few classes are confused among themselves and hardly with the others.',
      zh: '当少数几类彼此混淆、而与其他类几乎不混淆时值得用。',
    },
    paper: 'Hinton, Vinyals, Dean 2015, Distilling the Knowledge in a Neural Network, section 5',
    models: {
      en: 'The trained model that becomes the router; a second one gives the structure of the specialists.',
      zh: '作为路由的已训练模型；如给第二个模型，则专家采用它的结构。',
    },
  },
  params: {
    groups: countParam(3, { en: 'Groups', zh: '组数' }),
    way: WAY,
    afresh: AFRESH,
    ...memberTraining(3, 0.001),
  },
  models: { least: 1, most: 2 },

  async make([router, other], values, context) {
    const { classes } = context;
    const base = (other ?? router) as Model;
    const first = await context.answers(asPredictor(router as Model), 'validation');
    const confusion = confusionMatrix(answersIn(first, classes), context.labels('validation'), classes);
    const groups = groupsByConfusion(confusion, classes, Math.min(values.groups, classes));
    const specialists: Model[] = [];
    for (const [g, group] of groups.entries()) {
      // A group of one class needs nobody to tell its classes apart.
      if (group.length === 1) {
        specialists.push(router as Model);
        continue;
      }
      const without = Array.from({ length: classes }, (_, c) => c).filter((c) => !group.includes(c));
      const train = values.afresh ? trainAfresh : trainMember;
      specialists.push(await train(base, values, partOf(context, g, groups.length), { data: { without } }));
    }
    const logits = [first];
    for (const one of specialists)
      logits.push(one === router ? first : await context.answers(asPredictor(one), 'validation'));
    const { used } = byGroups(logits, classes, groups, values.way === 'specialists');
    const reach = used.map((own) => own.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length));
    return {
      members: [router as Model, ...specialists].map(asPredictor),
      names: [{ en: 'Router', zh: '路由模型' }, ...groups.map(groupName)],
      combined: { way: values.way, values: {}, state: { groups, reach } },
      report: { notes: [] },
    };
  },
});

function groupName(group: readonly number[]): Words {
  const list = group.join(', ');
  return { en: `Classes ${list}`, zh: `类别 ${list}` };
}
