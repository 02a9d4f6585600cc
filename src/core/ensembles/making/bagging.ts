/**
 * Bagging: every member is trained afresh on its own bootstrap sample, as many training images as there are, drawn with
 * replacement, so that some come twice and a third not at all. Paper: Breiman 1996, "Bagging Predictors".
 */
import { defineMaking, type MakingContext } from '#core/ensembles/making/making';
import {
  asPredictor,
  countParam,
  MEMBERS,
  type MemberTraining,
  memberTraining,
  numbered,
  partOf,
  trainAfresh,
} from '#core/ensembles/making/shared';
import type { Model } from '#core/model/model';
import { bootstrapRows } from '#core/numeric/folds';

export const bagging = defineMaking({
  id: 'bagging',
  words: {
    title: { en: 'Bagging', zh: '装袋（Bagging）' },
    help: {
      en: 'Trains the same network several times, each on its own random draw of the training images and from its own start.',
      zh: '把同一网络训练多次，每次使用随机抽取的训练图片和不同的初始权重。',
    },
    cost: { en: 'One whole training for each member.', zh: '每个成员一次完整训练。' },
    pays: {
      en: 'It pays where networks overfit: few images, large networks. Members err differently, so their mean errs less.',
      zh: '当网络容易过拟合（图片少、网络大）时值得用。成员错得各不相同，平均后错误更少。',
    },
    paper: 'Breiman 1996, Bagging Predictors',
    models: { en: 'The network whose structure every member has.', zh: '所有成员采用该网络的结构。' },
  },
  params: { members: countParam(5, MEMBERS), ...memberTraining(5, 0.002) },
  models: { least: 1, most: 1 },

  async make([model], values, context) {
    const members: Model[] = [];
    for (let m = 0; m < values.members; m++)
      members.push(await bagged(model as Model, values, partOf(context, m, values.members)));
    return {
      members: members.map(asPredictor),
      names: numbered(members.length, 'Bagged', '装袋成员'),
      combined: { way: 'mean-probabilities', values: {} },
      report: { notes: [] },
    };
  },
  isAfresh: () => true,
  // Members know nothing of each other.
  again: (_member, [model], values, context) => bagged(model as Model, values, context),
});

function bagged(model: Model, values: MemberTraining, context: MakingContext): Promise<Model> {
  const rows = bootstrapRows(context.labels('train').length, context.random);
  return trainAfresh(model, values, context, { data: { rows } });
}
