/**
 * Specialists' members: classes that a trained model confuses are put into groups, and for each group a network is trained
 * on the images of its classes only. The model itself becomes the router (or the first stage of a chain). A person may
 * say instead which classes go together.
 * Paper: Hinton, Vinyals, Dean 2015, section 5 (specialists for confusable classes).
 */
import { CLASS_GROUPS, type Groups } from '#core/ensembles/class-groups';
import { defineMaking, type MakingContext } from '#core/ensembles/making/making';
import {
  asPredictor,
  countParam,
  type MemberTraining,
  memberTraining,
  partOf,
  trainAfresh,
  trainMember,
} from '#core/ensembles/making/shared';
import { answersIn } from '#core/ensembles/shared/answers';
import { byGroups, chosenGroups, groupsByConfusion } from '#core/ensembles/shared/groups';
import { confusionMatrix } from '#core/metrics/classification';
import type { Model } from '#core/model/model';
import type { ChoiceParam, ClassGroupsParam, FlagParam, Words } from '#core/params';
import { PassError } from '#core/pass';

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
const CLASSES: ClassGroupsParam = {
  ...CLASS_GROUPS,
  help: {
    en: 'Otherwise the classes that the model confuses most go together.',
    zh: '否则把模型最容易混淆的类别归为一组。',
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
    classes: CLASSES,
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
    const count = Math.min(values.groups, classes);
    const groups = byHand(values, classes) ?? groupsByConfusion(confusion, classes, count);
    const specialists: Model[] = [];
    for (const [g, group] of groups.entries()) {
      // A group of one class needs nobody to tell its classes apart.
      const isAlone = group.length === 1;
      const part = partOf(context, g, groups.length);
      specialists.push(isAlone ? (router as Model) : await specialistOf(base, group, values, part));
    }
    const logits = [first];
    for (const one of specialists)
      logits.push(one === router ? first : await context.answers(asPredictor(one), 'validation'));
    const { used } = byGroups(logits, classes, groups, values.way === 'specialists');
    const reach = used.map((own) => own.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length));
    return {
      members: [router as Model, ...specialists].map(asPredictor),
      names: [{ en: 'Router', zh: '路由模型' }, ...groups.map(groupName)],
      combined: { way: values.way, values: { classes: values.classes }, state: { groups, reach } },
      report: { notes: [] },
    };
  },
  // Whoever is a specialist for the same classes needs neither the router nor the others.
  async again(member, [router, other], values, context) {
    const groups = (byHand(values, context.classes) ?? []).filter(({ length }) => length > 1);
    return specialistOf((other ?? router) as Model, groups[member] ?? [], values, context);
  },
  cannotAgain: (member, _models, { classes }) => (member !== null && classes.length === 0 ? FOUND : null),
});

const FOUND: Words = {
  en: 'Its classes were put together by looking at a model that was trained on all images; made again, they could be others. Make specialists for groups that are chosen by hand.',
  zh: '它负责的类别是根据一个用全部图片训练的模型分组的；重新制作时分组可能不同。请用手动选择的分组来制作专家。',
};
const TOO_FEW: Words = { en: 'Put the classes into two groups at least.', zh: '请把类别至少分成两组。' };

/** The groups that a person chose, those without classes left out; null where it was left to the model's confusions. */
function byHand(
  { classes: chosen, groups: count }: { readonly classes: readonly string[]; readonly groups: number },
  classes: number,
): Groups | null {
  const groups = chosenGroups(chosen, count, classes)?.filter(({ length }) => length > 0) ?? null;
  if (groups?.length === 1) throw new PassError(TOO_FEW);
  return groups;
}

/** Trains on the images of these classes only. */
function specialistOf(
  base: Model,
  group: readonly number[],
  values: MemberTraining & { readonly afresh: boolean },
  context: MakingContext,
): Promise<Model> {
  const without = Array.from({ length: context.classes }, (_, c) => c).filter((c) => !group.includes(c));
  const train = values.afresh ? trainAfresh : trainMember;
  return train(base, values, context, { data: { without } });
}

function groupName(group: readonly number[]): Words {
  const list = group.join(', ');
  return { en: `Classes ${list}`, zh: `类别 ${list}` };
}
