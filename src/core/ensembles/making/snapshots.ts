/**
 * Snapshot ensemble: one training run whose learning rate falls to 0 along a cosine and starts again, several times; the
 * model at the end of each fall is a member. Paper: Huang et al. 2017, "Snapshot Ensembles: Train 1, Get M for Free".
 */
import { defineMaking } from '#core/ensembles/making/making';
import {
  asPredictor,
  countParam,
  memberTraining,
  numbered,
  partOf,
  seedFrom,
  trainMember,
} from '#core/ensembles/making/shared';
import type { Model } from '#core/model/model';
import type { FlagParam } from '#core/params';
import { freshWeights } from '#core/passes/shared/fresh-weights';

const AFRESH: FlagParam = {
  kind: 'flag',
  default: true,
  label: { en: 'Start afresh', zh: '重新初始化' },
  help: {
    en: 'Off: the run goes on from the weights of the model.',
    zh: '关闭：从该模型现有的权重继续训练。',
  },
};

export const snapshots = defineMaking({
  id: 'snapshots',
  words: {
    title: { en: 'Snapshots', zh: '快照集成' },
    help: {
      en: 'One training run in several falls of the learning rate. The network settles at the end of each, is kept as a member, and is thrown out again by the next.',
      zh: '一次训练中学习率多次下降再回升。每次下降结束时网络稳定下来，保存为一个成员，随后被重新激发。',
    },
    cost: { en: 'One training for all members together.', zh: '所有成员合起来只需一次训练。' },
    pays: {
      en: 'It pays where training is dear: the members cost nothing more. They differ less than networks trained apart.',
      zh: '当训练代价高时值得用：多个成员不增加训练时间。但它们之间的差异小于分别训练的网络。',
    },
    paper: 'Huang et al. 2017, Snapshot Ensembles: Train 1, Get M for Free',
    models: { en: 'The network to train.', zh: '要训练的网络。' },
  },
  params: {
    cycles: countParam(4, { en: 'Snapshots', zh: '快照数' }),
    afresh: AFRESH,
    ...memberTraining(3, 0.005),
  },
  models: { least: 1, most: 1 },

  async make([model], values, context) {
    const members: Model[] = [];
    let now = values.afresh ? freshWeights(model as Model, seedFrom(context.random)) : (model as Model);
    for (let cycle = 0; cycle < values.cycles; cycle++) {
      now = await trainMember(now, values, partOf(context, cycle, values.cycles));
      members.push(now);
    }
    return {
      members: members.map(asPredictor),
      names: numbered(members.length, 'Snapshot', '快照'),
      combined: { way: 'mean-probabilities', values: {} },
      report: { notes: [] },
    };
  },
  isAfresh: ({ afresh }) => afresh,
});
