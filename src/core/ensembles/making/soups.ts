/**
 * Model soups: the weights of several models trained from one start are averaged into one model, which costs no more than
 * any of them. Uniform: all of them. Greedy: from the best on validation on, each is kept only where the soup does not
 * get worse. Averaged weights give batch normalisation other inputs than any model saw, so its statistics are measured
 * anew. Paper: Wortsman et al. 2022, "Model soups".
 */
import { defineMaking, type MakingContext } from '#core/ensembles/making/making';
import { asPredictor, countParam, memberTraining, partOf, trainMember } from '#core/ensembles/making/shared';
import { averagedModel, structureFault } from '#core/ensembles/making/weights';
import type { Model } from '#core/model/model';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import { PassError } from '#core/pass';
import { withMeasuredNorms } from '#core/passes/batch-norm-statistics';

const RECIPE: ChoiceParam<'greedy' | 'uniform'> = {
  kind: 'choice',
  default: 'greedy',
  label: { en: 'Soup', zh: '汤的做法' },
  options: [
    { value: 'greedy', label: { en: 'Greedy: keep what helps', zh: '贪心：只保留有帮助的' } },
    { value: 'uniform', label: { en: 'Uniform: all alike', zh: '均匀：全部等权' } },
  ],
};
const NORM_IMAGES: NumberParam = {
  kind: 'number',
  min: 16,
  max: 10_000,
  step: 1,
  default: 1000,
  unit: 'images',
  control: 'field',
  label: { en: 'Images for batch normalisation', zh: '用于批归一化的图片' },
};

export const soups = defineMaking({
  id: 'soups',
  words: {
    title: { en: 'Model soup', zh: '模型汤' },
    help: {
      en: 'Averages the weights of models that were trained on from one start, into a single model of the same size.',
      zh: '把从同一起点继续训练得到的多个模型的权重取平均，得到一个大小不变的模型。',
    },
    cost: {
      en: 'Nothing when it is used: the result is one ordinary model. With one model given, some fine-tunings first.',
      zh: '使用时没有额外开销：结果就是一个普通模型。若只给一个模型，需先做几次微调。',
    },
    pays: {
      en: 'It pays for fine-tuned copies of one trained model. Networks from different starts cannot be averaged: their channels do not match.',
      zh: '适合同一已训练模型的多个微调副本。不同起点的网络不能平均：它们的通道互不对应。',
    },
    paper: 'Wortsman et al. 2022, Model Soups',
    models: {
      en: 'Models trained on from one start; or one model, of which fine-tuned copies are made.',
      zh: '从同一起点训练的若干模型；或一个模型，由它生成多个微调副本。',
    },
  },
  params: {
    recipe: RECIPE,
    copies: countParam(4, { en: 'Copies, of a single model', zh: '副本数（只给一个模型时）' }),
    ...memberTraining(2, 0.001),
    images: NORM_IMAGES,
  },
  models: { least: 1, most: 20 },

  async make(models, values, context) {
    const ingredients = models.length > 1 ? models : await fineTuned(models[0] as Model, values, context);
    const first = ingredients[0] as Model;
    for (const other of ingredients.slice(1)) {
      const fault = structureFault(first, other);
      if (fault) throw new PassError(fault);
    }
    const cook = async (some: readonly Model[]): Promise<Model> =>
      withMeasuredNorms(averagedModel(some), values.images, { ...context, progress: () => {} });
    const accuracy = (model: Model): Promise<number> => context.accuracy(asPredictor(model), 'validation');
    const accuracies: number[] = [];
    for (const one of ingredients) accuracies.push(await accuracy(one));
    const best = Math.max(...accuracies);
    let soup: Model;
    let kept = ingredients.length;
    if (values.recipe === 'uniform') {
      soup = await cook(ingredients);
    } else {
      const order = [...ingredients.keys()].sort(
        (a, b) => (accuracies[b] as number) - (accuracies[a] as number) || a - b,
      );
      let inside = [ingredients[order[0] as number] as Model];
      soup = inside[0] as Model;
      let reached = best;
      for (const at of order.slice(1)) {
        const more = [...inside, ingredients[at] as Model];
        const tried = await cook(more);
        const now = await accuracy(tried);
        if (now < reached) continue;
        [inside, soup, reached] = [more, tried, now];
      }
      kept = inside.length;
    }
    return {
      members: [asPredictor(soup)],
      names: [{ en: 'Soup', zh: '模型汤' }],
      combined: null,
      report: { notes: [mixedNote(kept, ingredients.length, best, await accuracy(soup))] },
    };
  },
  cannotAgain: (_member, models) => (models > 1 ? SEVERAL : null),
});

const SEVERAL: Words = {
  en: 'A soup of several models needs their common start; made again, each would have a start of its own.',
  zh: '多个模型的汤需要它们共同的起点；重新制作后，每个模型都会有各自的起点。',
};

async function fineTuned(
  model: Model,
  values: {
    readonly copies: number;
    readonly epochs: number;
    readonly learningRate: number;
    readonly batchSize: number;
  },
  context: MakingContext,
): Promise<readonly Model[]> {
  const copies: Model[] = [];
  for (let i = 0; i < values.copies; i++) {
    // Learning rates from half to twice the one asked for, so that the copies differ in more than their order of images.
    const learningRate = values.learningRate * 2 ** (values.copies > 1 ? (2 * i) / (values.copies - 1) - 1 : 0);
    copies.push(await trainMember(model, { ...values, learningRate }, partOf(context, i, values.copies)));
  }
  return copies;
}

function mixedNote(kept: number, of: number, best: number, soup: number): Words {
  const [b, s] = [best, soup].map((share) => `${(100 * share).toFixed(2)} %`);
  return {
    en: `${kept} of ${of} models went into the soup. On validation images it is right on ${s}, the best of them on ${b}.`,
    zh: `${of} 个模型中有 ${kept} 个进入了汤。它在验证图片上的准确率为 ${s}，其中最好的单个模型为 ${b}。`,
  };
}
