/**
 * Distillation: a small network, the student, learns from the answers of a larger one, the teacher, and not from the labels alone.
 *
 * It helps because the teacher's probabilities say more than a label does (this 7 is a little like a 1), so the student ends better than trained
 * alone. It costs a whole training, and a teacher. The student is a narrower copy of this model, started afresh or from its most important channels, or this model
 * itself, which lets a pruned or quantized network learn from what it was.
 *
 * Loss = (1 - a) CE(labels, softmax(student)) + a T^2 KL(softmax(teacher / T) || softmax(student / T)), mean over the batch,
 * with a the soft loss weight and T the temperature.
 * Paper: Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural Network".
 */
import { cutChannels } from '#core/model/channels';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import type { LossTerm } from '#core/objective';
import type { Words } from '#core/params';
import { definePass, type PassContext, PassError } from '#core/pass';
import { keptCount, mostImportant, rankChannels } from '#core/passes/shared/channel-ranking';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { BATCH_SIZE, epochsParam, learningRateParam, OPTIMIZER, objectiveOf } from '#core/passes/shared/training';
import type { Predictor } from '#core/predictor';

export const distillation = definePass({
  id: 'distillation',
  family: 'distillation',
  words: {
    title: { en: 'Distillation', zh: '知识蒸馏' },
    help: {
      en: 'Trains a smaller network (the student) to give the answers of a larger one (the teacher). It learns more from them than from the labels alone.',
      zh: '训练一个较小的网络（学生）去模仿较大网络（教师）的回答。它从中学到的比只看标签更多。',
    },
    cost: {
      en: 'The time of a whole training. The student is an ordinary, smaller network: fewer parameters and multiplications.',
      zh: '需要一次完整训练的时间。学生是普通的、更小的网络：参数和乘法都更少。',
    },
    paper: 'Hinton, Vinyals, Dean 2015, Distilling the Knowledge in a Neural Network',
  },
  params: {
    teacher: {
      kind: 'predictor',
      default: '',
      label: { en: 'Teacher', zh: '教师' },
      help: {
        en: 'The model to learn from. Without a choice, this model itself.',
        zh: '向哪个模型学习。不选则为当前模型本身。',
      },
    },
    student: {
      kind: 'choice',
      default: 'fresh',
      label: { en: 'Student', zh: '学生' },
      options: [
        { value: 'fresh', label: { en: 'A narrower copy, started afresh', zh: '更窄的副本，重新初始化' } },
        {
          value: 'channels',
          label: { en: 'A narrower copy with its most important channels', zh: '更窄的副本，沿用最重要的通道' },
        },
        { value: 'same', label: { en: 'This model as it is', zh: '当前模型本身' } },
      ],
    },
    width: {
      kind: 'number',
      live: true,
      min: 0.1,
      max: 1,
      step: 0.05,
      default: 0.5,
      unit: 'percent',
      when: { student: ['fresh', 'channels'] },
      label: { en: 'Student width', zh: '学生宽度' },
      help: { en: "How many of each layer's channels the student has.", zh: '学生每一层拥有多大比例的通道。' },
    },
    temperature: {
      kind: 'number',
      min: 1,
      max: 20,
      step: 0.5,
      default: 4,
      label: { en: 'Temperature', zh: '温度' },
      help: {
        en: "How much the teacher's answers are softened: the higher, the more its second and third guesses count.",
        zh: '教师的回答软化到什么程度：温度越高，它的第二、第三猜测就越受重视。',
      },
    },
    softWeight: {
      kind: 'number',
      min: 0,
      max: 1,
      step: 0.05,
      default: 0.7,
      label: { en: 'Soft loss weight', zh: '软损失权重' },
      help: {
        en: "0: only the labels count. 1: only the teacher's answers count.",
        zh: '0：只看标签。1：只看教师的回答。',
      },
    },
    epochs: epochsParam(10),
    learningRate: learningRateParam(0.003),
    batchSize: BATCH_SIZE,
    optimizer: OPTIMIZER,
  },
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'A student that starts afresh has weights and a width of its own: what was pruned, quantized or shared in this model is not in it. A student that is this model, or made of its channels, keeps it.',
      zh: '重新初始化的学生有自己的权重和宽度：当前模型中的剪枝、量化或共享不会保留。若学生就是当前模型或由其通道构成，则会保留。',
    },
  },
  preview: 'structure',

  async sketch(model, values) {
    const student = studentOf(model, values);
    // A fresh student has no mask and no grid, and its size is counted without them.
    return values.student === 'fresh' ? freshWeights(student, 0) : student;
  },

  async apply(model, values, context) {
    const teacher = await teacherOf(model, values.teacher, context);
    const narrow = studentOf(model, values);
    const student = values.student === 'fresh' ? freshWeights(narrow, Math.floor(context.random() * 2 ** 31)) : narrow;
    const loss: LossTerm[] = [];
    if (values.softWeight < 1) loss.push({ kind: 'crossEntropy', weight: 1 - values.softWeight });
    if (values.softWeight > 0)
      loss.push({ kind: 'distillation', weight: values.softWeight, temperature: values.temperature, teacher });
    const trained = await context.train(objectiveOf(student, loss, values, context.random));
    return { model: trained, report: { notes: notesOn(model, values) } };
  },
});

/** The student's structure; its weights are this model's, cut. */
function studentOf(model: Model, { student, width }: { readonly student: string; readonly width: number }): Model {
  if (student === 'same') return model;
  const groups = rankChannels(model, 'l2').filter(({ group }) => group.prunable);
  return cutChannels(
    model,
    new Map(groups.map((ranked) => [ranked.group.id, mostImportant(ranked, keptCount(ranked.group.count, width))])),
  );
}

async function teacherOf(model: Model, node: string, context: PassContext): Promise<Predictor> {
  if (node === '') return { kind: 'model', model };
  const teacher = await context.predictor(node);
  const [own, other] = [bordersOf(model), bordersOf(teacher.model)];
  if (own === other) return teacher;
  throw new PassError({
    en: `The teacher ${teacher.model.name} takes and gives other shapes (${other}) than this model (${own}). Choose a teacher for the same data.`,
    zh: `教师 ${teacher.model.name} 的输入和输出形状（${other}）与当前模型（${own}）不同。请选择针对同一数据的教师。`,
  });
}

/** Shapes of the inputs and of the classifier's output, as a text. */
function bordersOf(model: Model): string {
  const shapes = shapesOf(model);
  const shown = (name: string | undefined): string => `[${shapes[name ?? '']?.join(' x ') ?? '?'}]`;
  return `${model.inputs.map(shown).join(', ')} -> ${shown(model.outputs[0])}`;
}

function notesOn(
  model: Model,
  { student, teacher }: { readonly student: string; readonly teacher: string },
): readonly Words[] {
  const encoded = Object.values(model.tensors).some(
    ({ encoding }) => encoding.mask || encoding.values.kind !== 'dense',
  );
  if (student === 'fresh' && encoded) {
    return [
      {
        en: 'The student started afresh: what was pruned, quantized or shared in this model is not in it.',
        zh: '学生已重新初始化：当前模型中的剪枝、量化或共享没有保留。',
      },
    ];
  }
  if (student === 'same' && teacher === '') {
    return [
      {
        en: 'Teacher and student were the same model, so the soft loss only held it where it was. Choose the model that this one was made from as the teacher.',
        zh: '教师和学生是同一个模型，软损失只是让它保持原样。请选择当前模型的来源模型作为教师。',
      },
    ];
  }
  return [];
}
