/**
 * Distillation: a small network, the student, learns from the answers of a larger one, the teacher, and not from the labels alone.
 *
 * It helps because the teacher's probabilities say more than a label does (this 7 is a little like a 1), so the student may end better than trained
 * alone, and because they need no labels: where few images have one, all the others teach too. It costs a whole training, and a teacher. The student is a
 * smaller copy of this model, a template, any other model of the project, or this model itself, which lets a pruned or quantized network learn from what it was.
 *
 * Loss = (1 - a) CE(labels, softmax(student)) + a T^2 KL(softmax(teacher / T) || softmax(student / T)), mean over the batch, with a the soft loss weight and T the
 * temperature; or the logits' mean squared error in the place of the second part; or hints before it, or attention beside it (`shared/teaching`).
 * Paper: Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural Network".
 */
import type { Model } from '#core/model/model';
import type { LossTerm, Objective } from '#core/objective';
import type { Words } from '#core/params';
import { definePass, type PassContext } from '#core/pass';
import { withClassBias } from '#core/passes/shared/class-bias';
import { asTrained } from '#core/passes/shared/sketching';
import { checkBorders, STUDENT_PARAMS, studentOf } from '#core/passes/shared/students';
import { dataOf, stagesOf, TEACHING_PARAMS, type TeachingValues, teachingFormula } from '#core/passes/shared/teaching';
import { threeSteps } from '#core/passes/shared/three-steps';
import {
  BATCH_SIZE,
  epochsParam,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
  type TrainingValues,
} from '#core/passes/shared/training';
import { within } from '#core/passes/shared/within';
import { modelsOf, type Predictor } from '#core/predictor';

export const distillation = definePass({
  id: 'distillation',
  family: 'distillation',
  words: {
    title: { en: 'Distillation', zh: '知识蒸馏' },
    help: {
      en: 'Trains a smaller network (the student) to give the answers of a larger one (the teacher). Its answers say more than a label does, and need none.',
      zh: '训练一个较小的网络（学生）去模仿较大网络（教师）的回答。教师的回答比标签包含更多信息，而且不需要标签。',
    },
    cost: {
      en: 'The time of a whole training. The student is an ordinary, smaller network: fewer parameters and multiplications.',
      zh: '需要一次完整训练的时间。学生是普通的、更小的网络：参数和乘法都更少。',
    },
    pays: {
      en: 'It pays most where labels are few but images are many, and after heavy pruning or quantization, with the model as it was for a teacher.',
      zh: '当标签少而图片多时最值得，也适合在大幅剪枝或量化之后，以原来的模型为教师。',
    },
    paper:
      'Hinton, Vinyals, Dean 2015, Distilling the Knowledge in a Neural Network; Romero et al. 2015, FitNets; Zagoruyko, Komodakis 2017, Paying More Attention to Attention',
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
    ...STUDENT_PARAMS,
    ...TEACHING_PARAMS,
    epochs: epochsParam(10),
    learningRate: learningRateParam(0.003),
    batchSize: BATCH_SIZE,
    optimizer: OPTIMIZER,
    shift: SHIFT,
    raiseBias: {
      kind: 'flag',
      default: false,
      advanced: true,
      label: { en: 'Raise the bias of the class left out', zh: '提高被去掉类别的偏置' },
      help: {
        en: 'A student that never saw a class is shy to name it. This raises the bias of that class by what is best on validation.',
        zh: '从未见过某一类的学生不敢回答它。这里把该类的偏置提高到验证集上最好的值。',
      },
    },
    alone: {
      kind: 'flag',
      default: false,
      label: { en: 'Also train the student alone', zh: '同时让学生独自训练' },
      help: {
        en: 'Trains the same student a second time without its teacher, to show what the teacher is worth. Takes twice as long.',
        zh: '让同一个学生在没有教师的情况下再训练一次，以显示教师的价值。需要两倍的时间。',
      },
    },
  },
  formula: (values) => teachingFormula(values),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'A student that starts afresh has weights and a width of its own: what was pruned, quantized or shared in this model is not in it. A student that is this model, or made of its channels, keeps it. Or distil first, then prune or quantize the student.',
      zh: '重新初始化的学生有自己的权重和宽度：当前模型中的剪枝、量化或共享不会保留。若学生就是当前模型或由其通道构成，则会保留。也可以先蒸馏，再对学生剪枝或量化。',
    },
  },
  preview: 'structure',

  async sketch(model, values, context) {
    const { student } = await studentOf(model, values, context);
    // Another model's zeros may be there for good: no image lights the pixels that they read.
    return values.student === 'model' ? student : asTrained(student, model);
  },

  async apply(model, values, context) {
    const teacher = await teacherOf(model, values.teacher, context);
    const { student, notes: made } = await studentOf(model, values, context);
    const { stages, notes: taught } = stagesOf(values, teacher, student);
    // One seed for all runs: they keep labels on the same images, and see them in the same order.
    const seed = context.random();
    const epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
    const runs = values.alone ? 2 * epochs : epochs;
    let trained = student;
    let done = 0;
    for (const stage of stages) {
      const part = within(context, done / runs, stage.epochs / runs);
      trained = await part.train(objectiveFor(trained, stage.loss, stage.epochs, values, seed));
      done += stage.epochs;
    }
    const notes = [...notesOn(values), ...made, ...taught];
    if (values.raiseBias && values.without >= 0) {
      const raised = await withClassBias(trained, values.without, context);
      trained = raised.model;
      notes.push(raised.note);
    }
    if (!values.alone) return { model: trained, report: { notes } };
    const part = within(context, 0.5, 0.5);
    const alone = await part.train(objectiveFor(student, lossAlone(values, teacher), epochs, values, seed));
    const comparison = await threeSteps({ teacher, student: trained, alone }, context);
    return { model: trained, report: { notes, comparison } };
  },
});

function objectiveFor(
  model: Model,
  loss: readonly LossTerm[],
  epochs: number,
  values: TeachingValues & TrainingValues,
  seed: number,
): Objective {
  const objective = objectiveOf(model, loss, { ...values, epochs }, () => seed);
  const data = dataOf(values);
  return data ? { ...objective, data } : objective;
}

/**
 * The labels alone. Where the teacher speaks on other images than those with labels, an epoch is as long as its images last: a term of next to
 * no weight keeps it so, and the student alone sees the same labels as often.
 */
function lossAlone({ transfer, temperature }: TeachingValues, teacher: Predictor): readonly LossTerm[] {
  const labels = { kind: 'crossEntropy', weight: 1 } as const;
  return transfer === 'labelled' ? [labels] : [labels, { kind: 'distillation', weight: 1e-9, temperature, teacher }];
}

async function teacherOf(model: Model, node: string, context: PassContext): Promise<Predictor> {
  if (node === '') return { kind: 'model', model };
  const teacher = await context.predictor(node);
  for (const member of modelsOf(teacher)) checkBorders(model, member, { en: 'teacher', zh: '教师' });
  return teacher;
}

function notesOn({ student, teacher }: { readonly student: string; readonly teacher: string }): readonly Words[] {
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
