/**
 * How a student is taught: the kinds of loss, their parameters, the stages of training that they ask for, and their formulae.
 *
 * Softened answers (Hinton, Vinyals, Dean 2015), squared differences of logits (Ba and Caruana 2014), hints in two stages (Romero et al. 2015, "FitNets": first
 * a layer of the student towards one of the teacher, then the softened answers), attention (Zagoruyko and Komodakis 2017, with the softened answers).
 * The weight of softened answers may fall evenly during the run, as in FitNets: examples of which the teacher is sure come first.
 */
import { type Formula, lines } from '#core/formula';
import type { Model } from '#core/model/model';
import type { LossTerm, TrainingData } from '#core/objective';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import { attentionPairs, hintPair } from '#core/passes/shared/layer-pairs';
import { labelTerm, SOFT_LETTERS, softParams, softTerms } from '#core/passes/shared/settling';
import { epochsParam } from '#core/passes/shared/training';
import { tidy } from '#core/passes/shared/words';
import type { Predictor } from '#core/predictor';

type Lesson = 'soft' | 'logits' | 'hints' | 'attention';
type Transfer = 'labelled' | 'all' | 'noise';

const LESSON: ChoiceParam<Lesson> = {
  kind: 'choice',
  default: 'soft',
  label: { en: 'What is taught', zh: '教什么' },
  help: {
    en: 'The answers, softened or as raw logits; or, besides, what goes on inside: the values of a middle layer (hints), or where in the image the teacher looks (attention).',
    zh: '教回答（软化后的或原始 logits）；或同时教内部信息：中间层的数值（提示），或教师看图片的哪里（注意力）。',
  },
  options: [
    { value: 'soft', label: { en: 'Softened answers', zh: '软化的回答' } },
    { value: 'logits', label: { en: 'Logits (mean squared error)', zh: 'logits（均方误差）' } },
    { value: 'hints', label: { en: 'Hints, then softened answers', zh: '先给提示，再教软化的回答' } },
    { value: 'attention', label: { en: 'Attention and softened answers', zh: '注意力和软化的回答' } },
  ],
};

const ATTENTION: NumberParam = {
  kind: 'number',
  min: 0.01,
  max: 1000,
  step: 0.01,
  default: 1,
  scale: 'log',
  control: 'field',
  when: { lesson: ['attention'] },
  label: { en: 'Attention weight', zh: '注意力权重' },
  help: {
    en: 'How much the maps of where the networks look count, beside the answers.',
    zh: '网络“看哪里”的注意力图相对于回答的权重。',
  },
};

const COURSE: ChoiceParam<'steady' | 'falling'> = {
  kind: 'choice',
  default: 'steady',
  advanced: true,
  when: { lesson: ['soft', 'hints', 'attention'] },
  label: { en: 'Course of the soft loss weight', zh: '软损失权重的变化' },
  help: {
    en: 'Falling, as in FitNets: the student follows the teacher at first, and more and more the labels. With a soft loss weight of 0.8 the teacher counts four times as much as the labels at first, and as much at the end.',
    zh: '“逐渐下降”（FitNets 的做法）：学生先跟随教师，之后越来越看重标签。软损失权重为 0.8 时，教师起初的分量是标签的四倍，最后与标签相同。',
  },
  options: [
    { value: 'steady', label: { en: 'Steady', zh: '保持不变' } },
    { value: 'falling', label: { en: 'Falls evenly to a quarter', zh: '均匀降到四分之一' } },
  ],
};
/** What is left of the teacher's weight at the end: it falls from 4 to 1, beside labels that count 1, in FitNets' experiments. */
const FALLEN = 0.25;

const HINT_DEPTH: NumberParam = {
  kind: 'number',
  min: 0.1,
  max: 0.9,
  step: 0.1,
  default: 0.5,
  unit: 'percent',
  when: { lesson: ['hints'] },
  label: { en: 'Depth of the hint', zh: '提示的深度' },
  help: {
    en: 'How far along both networks the layers lie that are compared.',
    zh: '被比较的层位于两个网络的多深处。',
  },
};

const LABELLED: NumberParam = {
  kind: 'number',
  min: 0,
  max: 100_000,
  step: 1,
  default: 0,
  unit: 'images',
  control: 'field',
  advanced: true,
  label: { en: 'Images with labels', zh: '有标签的图片' },
  help: {
    en: 'Only so many training images, of all classes alike, keep their labels. 0: all.',
    zh: '只有这么多训练图片（各类均匀）保留标签。0 表示全部。',
  },
};

const TRANSFER: ChoiceParam<Transfer> = {
  kind: 'choice',
  default: 'labelled',
  advanced: true,
  label: { en: 'Transfer set', zh: '迁移集' },
  help: {
    en: "On which images the student hears the teacher's answers. They need no labels, but should look like those to come: noise teaches next to nothing.",
    zh: '学生在哪些图片上听取教师的回答。这些图片不需要标签，但应与将来的图片相像：噪声几乎教不会什么。',
  },
  options: [
    { value: 'labelled', label: { en: 'The images with labels', zh: '有标签的图片' } },
    { value: 'all', label: { en: 'All training images, without labels', zh: '全部训练图片（不用标签）' } },
    { value: 'noise', label: { en: 'Noise', zh: '噪声' } },
  ],
};

const WITHOUT: NumberParam = {
  kind: 'number',
  min: -1,
  max: 999,
  step: 1,
  default: -1,
  control: 'field',
  advanced: true,
  label: { en: 'Class left out', zh: '去掉的类别' },
  help: {
    en: "The student never sees an image of this class (0 is the first) and has to learn it from the teacher's answers to the others. -1: none is left out.",
    zh: '学生从不会看到这一类的图片（0 为第一类），只能从教师对其他图片的回答中学会它。-1 表示不去掉。',
  },
};

/** The parameters of the lesson, and of the images on which it is given. */
export const TEACHING_PARAMS = {
  lesson: LESSON,
  ...softParams(),
  course: COURSE,
  attention: ATTENTION,
  hintDepth: HINT_DEPTH,
  hintEpochs: {
    ...epochsParam(3),
    max: 20,
    when: { lesson: ['hints'] },
    label: { en: 'Epochs of the hint', zh: '提示阶段的轮数' },
    help: {
      en: 'How long the first layers learn from the hint, before the whole student learns from the answers.',
      zh: '先让前面的层从提示中学习多久，之后整个学生再从回答中学习。',
    },
  } satisfies NumberParam,
  labelled: LABELLED,
  transfer: TRANSFER,
  without: WITHOUT,
};

export interface TeachingValues {
  readonly lesson: Lesson;
  readonly temperature: number;
  readonly softWeight: number;
  readonly course: 'steady' | 'falling';
  readonly attention: number;
  readonly hintDepth: number;
  readonly hintEpochs: number;
  readonly labelled: number;
  readonly transfer: Transfer;
  readonly without: number;
  readonly epochs: number;
}

export interface Stage {
  readonly loss: readonly LossTerm[];
  readonly epochs: number;
}

/** The stages in order, and notes on what cannot be taught between these two networks. */
export function stagesOf(
  values: TeachingValues,
  teacher: Predictor,
  student: Model,
): { readonly stages: readonly Stage[]; readonly notes: readonly Words[] } {
  const { lesson, epochs, softWeight, temperature } = values;
  const soft: readonly LossTerm[] =
    softWeight > 0
      ? lesson === 'logits'
        ? [{ kind: 'logitError', weight: softWeight, teacher }]
        : [
            {
              kind: 'distillation',
              weight: softWeight,
              temperature,
              teacher,
              ...(values.course === 'falling' ? { fallsTo: FALLEN } : {}),
            },
          ]
      : [];
  const labels: readonly LossTerm[] = softWeight < 1 ? [{ kind: 'crossEntropy', weight: 1 - softWeight }] : [];
  const answers = { loss: [...labels, ...soft], epochs };
  if (lesson === 'hints') {
    if (teacher.kind !== 'model') return { stages: [answers], notes: [NO_LAYERS] };
    const pair = hintPair(teacher.model, student, values.hintDepth);
    if (!pair) return { stages: [answers], notes: [NO_HINT] };
    const hint = { loss: [{ kind: 'hint', weight: 1, teacher, ...pair }], epochs: values.hintEpochs } as const;
    return { stages: [hint, answers], notes: [hintNote(pair.studentLayer, pair.teacherLayer)] };
  }
  if (lesson === 'attention') {
    if (teacher.kind !== 'model') return { stages: [answers], notes: [NO_LAYERS] };
    const pairs = attentionPairs(teacher.model, student);
    if (pairs.length === 0) return { stages: [answers], notes: [NO_MAPS] };
    const attention = { kind: 'attention', weight: values.attention, teacher, pairs } as const;
    const named = pairs.map(({ studentLayer, teacherLayer }) => `${studentLayer} ← ${teacherLayer}`).join(', ');
    return {
      stages: [{ loss: [...answers.loss, attention], epochs }],
      notes: [{ en: `Attention maps compared: ${named}.`, zh: `比较的注意力图：${named}。` }],
    };
  }
  return { stages: [answers], notes: [] };
}

/** Which images take part; undefined where all do, with their labels. */
export function dataOf({ labelled, transfer, without }: TeachingValues): TrainingData | undefined {
  if (labelled === 0 && transfer === 'labelled' && without < 0) return undefined;
  return {
    ...(labelled > 0 ? { labelled } : {}),
    ...(transfer !== 'labelled' ? { transfer } : {}),
    ...(without >= 0 ? { without: [without] } : {}),
  };
}

export function teachingFormula({ lesson, temperature, softWeight, course, attention }: TeachingValues): Formula {
  const soft = softTerms(temperature, softWeight, course === 'falling' ? FALLEN : 1);
  switch (lesson) {
    case 'soft':
      return lines(soft, SOFT_LETTERS);
    case 'logits':
      return lines(`${labelTerm(softWeight)} + ${tidy(softWeight)} · mean (zₜ − zₛ)²`, SOFT_LETTERS);
    case 'hints':
      return lines('1: L = mean (r(hₛ) − hₜ)²', `2: ${soft}`, SOFT_LETTERS, {
        en: 'hₛ, hₜ: values of the compared layers; r: a regressor trained along',
        zh: 'hₛ、hₜ 为所比较的层的输出；r 为一同训练的回归层',
      });
    case 'attention':
      return lines(`${soft}\n  + ${tidy(attention)} · Σ ‖qₛ / ‖qₛ‖ − qₜ / ‖qₜ‖‖²`, SOFT_LETTERS, {
        en: 'q = Σ a² over the channels of a layer, at each pixel',
        zh: 'q = Σ a²，在每个像素处对该层的各通道求和',
      });
    default:
      throw lesson satisfies never;
  }
}

const NO_HINT: Words = {
  en: 'No hint was given: the networks have no layers inside that fit each other. The student learned from the answers alone.',
  zh: '没有给出提示：两个网络内部没有相配的层。学生只从回答中学习。',
};
const NO_LAYERS: Words = {
  en: 'The teacher is several predictors together, which have no layers in common to look into. The student learned from their answers alone.',
  zh: '教师由多个预测器组成，没有共同的中间层可供比较。学生只从它们的回答中学习。',
};
const NO_MAPS: Words = {
  en: 'No attention was compared: the networks have no images of equal size inside. The student learned from the answers alone.',
  zh: '没有比较注意力：两个网络内部没有相同大小的图像。学生只从回答中学习。',
};

function hintNote(student: string, teacher: string): Words {
  return {
    en: `The hint: ${student} of the student learned to tell the values of ${teacher} of the teacher.`,
    zh: `提示：学生的 ${student} 先学会给出教师 ${teacher} 的数值。`,
  };
}
