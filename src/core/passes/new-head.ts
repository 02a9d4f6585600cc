/**
 * New head: the layers that make the features (the backbone) are frozen as they are, and only a fresh head is trained on them, from the backbone's last
 * values to the classes.
 *
 * It helps because training a head is fast and needs few labels: the features are there already. A network with several dense layers gets one in
 * their place, or a narrower pair, and so becomes smaller; and one that was trained on other images learns a new task. It costs accuracy
 * where the features do not fit the task; then train everything for a while, which is the second step here.
 *
 * The backbone is everything before the chain of dense layers at the end. Frozen layers keep their weights, their encodings and their moving statistics.
 * Papers: Donahue et al. 2014, "DeCAF"; Yosinski, Clune, Bengio, Lipson 2014, "How transferable are features in deep neural networks?".
 */
import { lines } from '#core/formula';
import { freeName, replaceLayers, tensorOf, withActivationGrids } from '#core/model/edit';
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { filledTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass, PassError } from '#core/pass';
import { denseTail, freshKernel } from '#core/passes/shared/head';
import { settle, settlingFormula, settlingParams } from '#core/passes/shared/settling';
import { asTrained } from '#core/passes/shared/sketching';
import { epochsParam } from '#core/passes/shared/training';
import { counted } from '#core/passes/shared/words';

function hiddenFormula(units: number): Words {
  const z = 'z = W₂ max(0, W₁ f(x) + b₁) + b₂';
  return { en: `${z}, ${units} hidden units`, zh: `${z}，${units} 个隐藏单元` };
}

/** What training does to the features. */
function frozenFormula(epochs: number): Words {
  if (epochs === 0) return { en: 'f: frozen', zh: 'f 保持冻结' };
  return {
    en: `f: frozen at first, then trained along for ${counted(epochs, 'epoch')} at η / 10`,
    zh: `f 先冻结，之后以学习率 η / 10 一同训练 ${epochs} 轮`,
  };
}

export const newHead = definePass({
  id: 'new-head',
  family: 'structure',
  words: {
    title: { en: 'New head', zh: '新的分类头' },
    help: {
      en: 'Freezes the layers that make the features and trains a fresh, smaller head on them.',
      zh: '冻结提取特征的各层，只在其上训练一个新的、更小的分类头。',
    },
    cost: {
      en: 'Short training, as only the head learns. Parameters fall by what the old dense layers held.',
      zh: '训练很快，因为只有头部在学习。参数减少的是原来全连接层的部分。',
    },
    pays: {
      en: 'It pays where the dense layers at the end hold most of the parameters, or labels are few.',
      zh: '当末尾的全连接层占了大部分参数，或标签很少时值得做。',
    },
    paper: 'Yosinski, Clune, Bengio, Lipson 2014, How transferable are features in deep neural networks?',
  },
  params: {
    hidden: {
      kind: 'number',
      live: true,
      min: 0,
      max: 512,
      step: 1,
      default: 0,
      label: { en: 'Hidden units', zh: '隐藏单元' },
      help: {
        en: 'Units of a dense layer with ReLU between the features and the classes. 0: none, the classes are read from the features directly.',
        zh: '特征与类别之间带 ReLU 的全连接层的单元数。0 表示没有，直接从特征得到类别。',
      },
    },
    ...settlingParams(3, 0.003),
    wholeEpochs: {
      ...epochsParam(0),
      min: 0,
      max: 20,
      when: { after: ['distil', 'tune'] },
      label: { en: 'Epochs of the whole network', zh: '整个网络的轮数' },
      help: {
        en: 'After the head, everything is trained together for so many epochs, at a tenth of the learning rate. 0: the features stay frozen.',
        zh: '头部训练之后，再以十分之一的学习率一起训练整个网络这么多轮。0 表示特征一直冻结。',
      },
    },
  },
  formula: (values) =>
    lines(
      values.hidden > 0 ? hiddenFormula(values.hidden) : 'z = W f(x) + b',
      ...(values.after === 'nothing' ? [] : [frozenFormula(values.wholeEpochs)]),
      ...settlingFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'The old dense layers go, with what was pruned, quantized or shared in them. The frozen layers keep all of it. Make the new head first, then prune, quantize or share.',
      zh: '旧的全连接层连同其中的剪枝、量化和共享一起去掉。被冻结的层则全部保留。请先换新头部，再剪枝、量化或共享。',
    },
  },
  preview: 'structure',

  async sketch(model, { hidden, after }, context) {
    const { model: changed } = withHead(model, hidden, context.random);
    return after === 'nothing' ? changed : asTrained(changed, model);
  },

  async apply(model, values, context) {
    const { model: changed, frozen } = withHead(model, values.hidden, context.random);
    let trained = await settle(changed, model, values, context, frozen);
    if (values.wholeEpochs > 0 && values.after !== 'nothing') {
      const gentle = { ...values, epochs: values.wholeEpochs, learningRate: values.learningRate / 10 };
      trained = await settle(trained, model, gentle, context);
    }
    return { model: trained, report: { notes: learnsNothing(model, frozen) ? [NO_FEATURES] : [] } };
  },
});

/** Whether no layer in front of the head has weights, so that there are no features to keep. */
function learnsNothing(model: Model, frozen: readonly string[]): boolean {
  return !model.layers.some((layer) => 'kernel' in layer && frozen.includes(layer.name));
}

const NO_FEATURES: Words = {
  en: 'Every layer with weights was part of the head, so nothing was frozen: the new head reads the image itself.',
  zh: '所有带权重的层都属于头部，因此没有冻结任何层：新的头部直接读取图片。',
};

function withHead(
  model: Model,
  hidden: number,
  random: () => number,
): { readonly model: Model; readonly frozen: readonly string[] } {
  const start = headStart(model);
  const { dense, layers: chain } = denseTail(model, start);
  const classifier = dense.at(-1) as DenseLayer;
  const inputs = (tensorOf(model, dense[0] as DenseLayer, 'kernel') as Tensor).shape[0] as number;
  const outputs = (tensorOf(model, classifier, 'kernel') as Tensor).shape[1] as number;
  const head: Layer[] = [];
  const own: Tensor[] = [];
  const add = (
    name: string,
    from: string,
    width: number,
    units: number,
    activation: DenseLayer['activation'],
  ): void => {
    const [kernel, bias] = [freshKernel([width, units], random), filledTensor([units], 0)];
    own.push(kernel, bias);
    head.push({ kind: 'dense', name, inputs: [from], kernel: kernel.id, bias: bias.id, activation });
  };
  const between = hidden > 0 ? freeName(model, 'head_hidden') : start;
  if (hidden > 0) add(between, start, inputs, hidden, { fn: 'relu' });
  add(classifier.name, between, hidden > 0 ? hidden : inputs, outputs, classifier.activation);
  const gone = new Set(chain);
  const layers = model.layers.flatMap((layer) =>
    layer.name === classifier.name ? head : gone.has(layer.name) ? [] : [layer],
  );
  const fresh = new Set(head.map(({ name }) => name));
  const tensors = { ...model.tensors, ...Object.fromEntries(own.map((one) => [one.id, one])) };
  // The classes' range was that of the old head.
  const { [classifier.name]: _, ...grids } = model.activationGrids ?? {};
  return {
    model: withActivationGrids(replaceLayers(model, layers, tensors), grids),
    frozen: layers.map(({ name }) => name).filter((name) => !fresh.has(name)),
  };
}

/** The layer whose output the head reads: the farthest from the end with nothing but the chain of dense layers behind it. */
function headStart(model: Model): string {
  const start = model.layers
    .filter(({ name }) => denseTail(model, name).dense.length > 0)
    // Between two dense layers there is no backbone's end; before the first there may be several places, and the last is it.
    .reduce<{ readonly name: string; readonly dense: number } | null>((best, { name }) => {
      const { dense } = denseTail(model, name);
      return !best || dense.length >= best.dense ? { name, dense: dense.length } : best;
    }, null);
  if (start) return start.name;
  throw new PassError({
    en: 'This model does not end in dense layers, so it has no head to exchange. Convolutional classifiers need a dense layer or global pooling with one at the end.',
    zh: '该模型不以全连接层结尾，因此没有可更换的头部。卷积分类器的末尾需要有全连接层，或全局池化加全连接层。',
  });
}
