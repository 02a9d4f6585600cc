/**
 * Stacking without a leak: the training images are divided into folds, each member is made once for every fold on the
 * images outside it, and answers those inside; so the second level learns from answers to images that whoever gave them
 * was not trained on. Then every member is made once more on all training images. Neither validation nor test is used.
 * Papers: Wolpert 1992; Breiman 1996, "Stacked Regressions"; van der Laan et al. 2007.
 */
import { defineMaking, type Given, type MakingContext } from '#core/ensembles/making/making';
import {
  countParam,
  type MemberTraining,
  memberTraining,
  partOf,
  predictorOf,
  seedFrom,
  trainAfresh,
} from '#core/ensembles/making/shared';
import { stacking } from '#core/ensembles/stacking';
import type { Model } from '#core/model/model';
import { rowsOf, stratifiedFolds } from '#core/numeric/folds';
import type { FlagParam, NumberParam, Words } from '#core/params';
import { PassError } from '#core/pass';

const AFRESH: FlagParam = {
  kind: 'flag',
  default: false,
  label: { en: 'Train afresh', zh: '从头训练' },
  help: {
    en: 'Off: every member is made as it was made, its whole recipe. On: of networks only the structure is taken, and trained on the labels; so it goes with opened files too.',
    zh: '关闭：每个成员按原来的完整流程重新制作。开启：网络只取其结构，用标签从头训练；因此打开的文件也可以用。',
  },
};
const { epochs, learningRate, batchSize } = memberTraining(5, 0.002);
const whenAfresh = (param: NumberParam): NumberParam => ({ ...param, when: { afresh: [true] } });

export const outOfFold = defineMaking({
  id: 'out-of-fold',
  words: {
    title: { en: 'Stacking, out of fold', zh: '折外堆叠' },
    help: {
      en: 'Makes every member several times, each time without a part of the training images, and lets the second level learn from the answers to the part left out.',
      zh: '把每个成员制作多次，每次留出一部分训练图片，让第二层从对留出部分的回答中学习。',
    },
    cost: {
      en: 'A whole making of each member for every fold.',
      zh: '每一折都要把每个成员完整制作一次。',
    },
    pays: {
      en: 'It pays where validation images are few: the second level learns from all training images, and validation stays untouched for choosing.',
      zh: '当验证图片较少时值得用：第二层可以从全部训练图片学习，验证集仍可用于选择。',
    },
    paper: 'Wolpert 1992, Stacked Generalization; van der Laan, Polley, Hubbard 2007, Super Learner',
    models: {
      en: 'Members that were made here: networks, trees and ensembles. Of an opened file nobody knows its training images: train it afresh, or stack it on validation instead.',
      zh: '可选在这里制作的网络、树和集成。从文件打开的模型用过哪些训练图片无从得知：请从头训练，或改用验证集堆叠。',
    },
  },
  params: {
    folds: countParam(5, { en: 'Folds', zh: '折数' }),
    afresh: AFRESH,
    epochs: whenAfresh(epochs),
    learningRate: whenAfresh(learningRate),
    batchSize: whenAfresh(batchSize),
    ...stacking.params,
  },
  models: { least: 1, most: 12, anyKind: true },

  async make(models: readonly Given[], values, context) {
    const labels = context.labels('train');
    const { classes } = context;
    const foldOf = stratifiedFolds(labels, values.folds, context.random);
    const logits: Float32Array[] = [];
    const members: Given[] = [];
    const parts = models.length * (values.folds + 1);
    let part = 0;
    for (const [at, model] of models.entries()) {
      const named = nameOf(model, at);
      const answers = new Float32Array(labels.length * classes);
      for (let fold = 0; fold < values.folds; fold++) {
        const rows = rowsOf(foldOf, fold, false);
        const made = await refit(model, named, rows, values, partOf(context, part++, parts));
        const all = await context.answers(predictorOf(made), 'train');
        for (const row of rowsOf(foldOf, fold, true))
          answers.set(all.subarray(row * classes, (row + 1) * classes), row * classes);
      }
      logits.push(answers);
      members.push(await refit(model, named, null, values, partOf(context, part++, parts)));
    }
    const { level, units, penalty } = values;
    const second = { level, units, penalty };
    const state = (await stacking.fit?.({ logits, labels, classes }, second, context)) ?? {};
    return {
      members: members.map(predictorOf),
      names: models.map(nameOf),
      combined: { way: 'stacking', values: second, state },
      report: { notes: [] },
    };
  },
  // Only members that were trained afresh are new.
  isAfresh: () => true,
  again: (member, models, values, context) => trainAfresh(models[member] as Model, values, context),
  cannotAgain: (member) => (member === null ? STACKED : null),
});

const STACKED: Words = {
  en: 'It is stacked out of fold itself, from answers to all training images. Stack its members instead.',
  zh: '它本身就是折外堆叠，由对全部训练图片的回答得来。请改为堆叠它的成员。',
};

/** Networks can be trained from their labels alone; everything else is made again as it was made. */
function refit(
  given: Given,
  name: Words,
  rows: Uint32Array | null,
  values: MemberTraining & { readonly afresh: boolean },
  context: MakingContext,
): Promise<Given> {
  const isNetwork = !('kind' in given);
  if (isNetwork && (values.afresh || !context.refit))
    return trainAfresh(given, values, context, rows ? { data: { rows } } : {});
  const made = context.refit?.(given, rows, seedFrom(context.random), context.progress);
  if (made) return made;
  throw new PassError({
    en: `Nobody knows which images ${name.en} was trained on, so it cannot be made again without some of them. ${isNetwork ? 'Train it afresh, or stack' : 'Leave it out, or stack'} on validation images instead.`,
    zh: `不知道 ${name.zh} 用过哪些训练图片，无法在留出部分图片的情况下重新制作它。请${isNetwork ? '从头训练' : '去掉它'}，或改用验证图片堆叠。`,
  });
}

/** What has no name of its own is called by its place. */
function nameOf(given: Given, at: number): Words {
  return 'kind' in given ? { en: `Member ${at + 1}`, zh: `成员 ${at + 1}` } : { en: given.name, zh: given.name };
}
