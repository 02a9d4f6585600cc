/**
 * Layer removal: whole layers, or whole residual blocks, are taken out, and what is left goes on as it is.
 *
 * It helps because time goes by the number of layers, and because deep networks often have one that does little: in a
 * residual network the shortcut of a block carries on without its branch. It costs more accuracy at once than anything finer
 * does; fine-tune afterwards.
 *
 * A layer can go, with its normalisation and activation, where what reads it can read its input instead. By least loss: round by
 * round every part is taken out alone, and the one without which most validation images are right goes (of equal ones, that with the most multiplications).
 * Papers: Veit, Wilber, Belongie 2016, "Residual Networks Behave Like Ensembles"; Chen, Zhao 2019, "Shallowing Deep Networks".
 */
import { lines } from '#core/formula';
import { countMacs } from '#core/metrics/operations';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass, type PassContext, type PassResult } from '#core/pass';
import { withMeasuredNorms } from '#core/passes/batch-norm-statistics';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { type Part, removableParts, withoutPart } from '#core/passes/shared/removal';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';
import { percent } from '#core/passes/shared/words';

/** Training images that batch normalisation is measured on again. */
const NORM_IMAGES = 512;

interface Choice {
  readonly parts: string;
  readonly layers: readonly string[];
}

function leastMissed(count: number): Words {
  return count === 1
    ? { en: 'f: the part without which validation accuracy is highest', zh: 'f 为去掉后验证准确率最高的部分' }
    : {
        en: `f: the part without which validation accuracy is highest, ${count} times one after another`,
        zh: `f 为去掉后验证准确率最高的部分，依次去掉 ${count} 个`,
      };
}

export const layerRemoval = definePass({
  id: 'layer-removal',
  family: 'pruning',
  words: {
    title: { en: 'Layer removal', zh: '移除整层' },
    help: {
      en: 'Takes whole layers or residual blocks out of the network, those that are missed least or those you name. The rest is joined up.',
      zh: '把影响最小的（或你指定的）整层或残差块从网络中取出，其余部分直接相连。',
    },
    cost: {
      en: 'By least loss, one measurement for every layer and round. Fewer parameters, multiplications and steps one after another; accuracy falls at once, so fine-tune.',
      zh: '按损失最小选择时，每轮每层测量一次。参数、乘法和先后步骤都减少；准确率会立即下降，之后应微调。',
    },
    pays: {
      en: 'It pays in deep and residual networks, and wherever waiting time counts more than bytes.',
      zh: '在深层网络、残差网络中，以及等待时间比字节数更重要时值得用。',
    },
    paper: 'Veit, Wilber, Belongie 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks',
  },
  params: {
    choose: {
      kind: 'choice',
      default: 'accuracy',
      label: { en: 'Choose', zh: '如何选择' },
      options: [
        { value: 'accuracy', label: { en: 'By least loss of accuracy', zh: '按准确率损失最小' } },
        { value: 'hand', label: { en: 'By hand', zh: '手动' } },
      ],
    },
    parts: {
      kind: 'choice',
      default: 'both',
      label: { en: 'What may go', zh: '可移除的部分' },
      help: {
        en: 'A residual branch is the layers that are added to a shortcut; without it the shortcut stays.',
        zh: '残差分支是与捷径相加的那些层；去掉之后捷径保留。',
      },
      options: [
        { value: 'both', label: { en: 'Layers and residual branches', zh: '层和残差分支' } },
        { value: 'branches', label: { en: 'Residual branches', zh: '残差分支' } },
        { value: 'layers', label: { en: 'Single layers', zh: '单个层' } },
      ],
    },
    count: {
      kind: 'number',
      min: 1,
      max: 20,
      step: 1,
      default: 1,
      control: 'field',
      when: { choose: ['accuracy'] },
      label: { en: 'How many go', zh: '移除多少' },
    },
    images: {
      ...CALIBRATION_IMAGES,
      default: 1000,
      when: { choose: ['accuracy'] },
      label: { en: 'Validation images', zh: '验证图片数' },
      help: {
        en: 'How many validation images each candidate is judged by.',
        zh: '用多少张验证图片评判每个候选。',
      },
    },
    norms: {
      kind: 'flag',
      default: true,
      label: { en: 'Re-estimate batch normalisation', zh: '重新估计批归一化' },
      help: {
        en: 'Measures the averages and spreads that batch normalisation uses again on training images, once the layers are gone.',
        zh: '移除之后，用训练图片重新测量批归一化使用的均值和离散程度。',
      },
    },
    layers: {
      ...LAYERS,
      help: {
        en: 'By hand: the layers to take out, with the residual branch they are in where branches go. By least loss: only these may go; none chosen means every layer that can.',
        zh: '手动：要移除的层；移除分支时，则为它们所在的残差分支。按损失最小：只有这些层可以移除，不选表示所有可以移除的层。',
      },
    },
  },
  formula: ({ choose, parts, count }) =>
    lines(
      ...(parts === 'branches' ? [] : ['g(f(x)) → g(x)']),
      ...(parts === 'layers' ? [] : ['x + f(x) → x']),
      ...(choose === 'hand' ? [] : [leastMissed(count)]),
    ),
  needs: ['weights', 'knownGraph', 'data'],
  effects: {
    masks: 'keeps',
    grids: 'keeps',
    codebooks: 'keeps',
    shapes: 'consumes',
    reason: { en: 'Layers go: that is what it does.', zh: '会去掉整层：这正是它的作用。' },
  },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<PassResult> {
    const { model: left, report } =
      values.choose === 'hand'
        ? removeNamed(model, values)
        : await removeLeast(model, values, values.count, values.images, context);
    const settled = values.norms && left !== model ? await withMeasuredNorms(left, NORM_IMAGES, context) : left;
    return { model: settled, report };
  },

  async apply(_model, _values, _context, result) {
    return result;
  },
});

function candidates(model: Model, { parts, layers }: Choice): readonly Part[] {
  return removableParts(model).filter(
    (part) =>
      (parts === 'both' || (parts === 'branches') === (part.kind === 'branch')) &&
      (layers.length === 0 || part.layers.some((name) => layers.includes(name))),
  );
}

function removeNamed(model: Model, choice: Choice): PassResult {
  if (choice.layers.length === 0) return { model, report: { notes: [CHOOSE] } };
  selectPrunable(model, choice.layers);
  const notes: Words[] = [];
  let left = model;
  // A layer on its own goes before the branch that it is in; what went with an earlier part is not looked for again.
  const asked = candidates(model, choice);
  const single = new Set(asked.filter(({ kind }) => kind === 'layer').flatMap(({ layers }) => layers));
  const named = (part: Part): boolean => part.layers.some((name) => choice.layers.includes(name) && !single.has(name));
  for (const { kind, name } of asked.filter((part) => part.kind === 'layer' || named(part))) {
    const part = removableParts(left).find((one) => one.kind === kind && one.name === name);
    if (!part) continue;
    left = withoutPart(left, part);
    notes.push(removed(part));
  }
  const stay = choice.layers.filter((name) => left.layers.some((layer) => layer.name === name));
  if (stay.length > 0) notes.push(cannotGo(stay));
  return { model: left, report: { notes: notes.length > 0 ? notes : [NOTHING] } };
}

async function removeLeast(
  model: Model,
  choice: Choice,
  count: number,
  images: number,
  { accuracy, progress, signal }: PassContext,
): Promise<PassResult> {
  selectPrunable(model, choice.layers);
  const notes: Words[] = [];
  let left = model;
  for (let round = 0; round < count; round++) {
    let best: { readonly part: Part; readonly model: Model; readonly accuracy: number; readonly macs: number } | null =
      null;
    const parts = candidates(left, choice);
    for (const [i, part] of parts.entries()) {
      signal.throwIfAborted();
      const without = withoutPart(left, part);
      const right = await accuracy({ kind: 'model', model: without }, 'validation', images);
      const macs = countMacs(without).total;
      if (!best || right > best.accuracy || (right === best.accuracy && macs < best.macs))
        best = { part, model: without, accuracy: right, macs };
      progress((round + (i + 1) / parts.length) / count);
    }
    if (!best) {
      notes.push(round === 0 ? NOTHING : noMore(round));
      break;
    }
    left = best.model;
    notes.push(removed(best.part, best.accuracy));
  }
  return { model: left, report: { notes } };
}

const CHOOSE: Words = {
  en: 'Nothing was changed: choose the layers to take out, under Layers.',
  zh: '没有任何改变：请在“作用的层”中选择要移除的层。',
};
const NOTHING: Words = {
  en: 'Nothing was changed: no layer can go here without leaving shapes that do not fit.',
  zh: '没有任何改变：这里没有哪一层可以去掉而不使形状不匹配。',
};

function noMore(count: number): Words {
  return { en: `After ${count}, no other layer can go.`, zh: `去掉 ${count} 个之后，没有其他层可以再去掉。` };
}

function cannotGo(names: readonly string[]): Words {
  return {
    en: `${names.join(', ')} cannot go: what follows could not read what comes before.`,
    zh: `${names.join('、')} 无法移除：后面的层读不了前面的输出。`,
  };
}

function removed({ kind, name, layers }: Part, accuracy?: number): Words {
  const without = accuracy === undefined ? null : percent(accuracy);
  const measured = {
    en: without ? ` Without it ${without} % of the validation images looked at are right.` : '',
    zh: without ? `去掉后，所看验证图片的准确率为 ${without} %。` : '',
  };
  return kind === 'branch'
    ? {
        en: `The branch of ${name} (${layers.join(', ')}) is gone; its shortcut stays.${measured.en}`,
        zh: `${name} 的分支（${layers.join('、')}）已去掉，保留捷径。${measured.zh}`,
      }
    : {
        en: `${layers.join(', ')} ${layers.length > 1 ? 'are' : 'is'} gone.${measured.en}`,
        zh: `${layers.join('、')} 已去掉。${measured.zh}`,
      };
}
