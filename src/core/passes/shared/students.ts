/**
 * Who learns: the student of a distillation, made from the model at hand (narrower, shallower, afresh or from its most important channels), from a
 * template, or another model of the project. Students take and give the same shapes as the model at hand.
 */
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { ShapeError, shapesOf } from '#core/model/shapes';
import type { ChoiceParam, NumberParam, PredictorParam, Words } from '#core/params';
import { type PassContext, PassError } from '#core/pass';
import { withDepth } from '#core/passes/shared/depth';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { canNarrow, narrowed } from '#core/passes/shared/width';
import type { Predictor } from '#core/predictor';
import { TEMPLATES, templateById } from '#core/templates';

type StudentKind = 'fresh' | 'channels' | 'template' | 'model' | 'modelFresh' | 'same';

const STUDENT: ChoiceParam<StudentKind> = {
  kind: 'choice',
  default: 'fresh',
  label: { en: 'Student', zh: '学生' },
  options: [
    { value: 'fresh', label: { en: 'A smaller copy, started afresh', zh: '更小的副本，重新初始化' } },
    {
      value: 'channels',
      label: { en: 'A smaller copy with its most important channels', zh: '更小的副本，沿用最重要的通道' },
    },
    { value: 'template', label: { en: 'A template, started afresh', zh: '一个模板，重新初始化' } },
    { value: 'model', label: { en: 'Another model of the project', zh: '项目中的另一个模型' } },
    {
      value: 'modelFresh',
      label: { en: 'Another model of the project, started afresh', zh: '项目中的另一个模型，重新初始化' },
    },
    { value: 'same', label: { en: 'This model as it is', zh: '当前模型本身' } },
  ],
};

const WIDTH: NumberParam = {
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
};

const DEPTH: NumberParam = {
  ...WIDTH,
  min: 0,
  default: 1,
  label: { en: 'Student depth', zh: '学生深度' },
  help: {
    en: 'How many of the blocks of layers the student has. One that starts afresh may lose any; one with these weights only those that leave the shapes as they are.',
    zh: '学生保留多大比例的块。重新初始化的学生可以去掉任何块；沿用权重的学生只能去掉不改变形状的块。',
  },
};

const TEMPLATE: ChoiceParam = {
  kind: 'choice',
  default: 'small-cnn',
  when: { student: ['template'] },
  label: { en: 'Template', zh: '模板' },
  options: TEMPLATES.map(({ id, words: { title } }) => ({
    value: id,
    label: { en: title.en, zh: `模板 ${title.zh}` },
  })),
};

const STUDENT_MODEL: PredictorParam = {
  kind: 'predictor',
  default: '',
  when: { student: ['model', 'modelFresh'] },
  label: { en: 'Student model', zh: '学生模型' },
  help: {
    en: 'The model that learns. Without a choice, this model itself.',
    zh: '由哪个模型来学习。不选则为当前模型本身。',
  },
};

/** The parameters that say who learns. */
export const STUDENT_PARAMS = {
  student: STUDENT,
  width: WIDTH,
  depth: DEPTH,
  template: TEMPLATE,
  studentModel: STUDENT_MODEL,
};

export interface StudentValues {
  readonly student: StudentKind;
  readonly width: number;
  readonly depth: number;
  readonly template: string;
  readonly studentModel: string;
}

/** The student before it learns. Throws PassError for a model of other shapes and a template that does not fit the images. */
export async function studentOf(
  model: Model,
  values: StudentValues,
  { predictor, random }: Pick<PassContext, 'predictor' | 'random'>,
): Promise<{ readonly student: Model; readonly notes: readonly Words[] }> {
  const seed = (): number => Math.floor(random() * 2 ** 31);
  switch (values.student) {
    case 'same':
      return { student: model, notes: [] };
    case 'fresh':
    case 'channels': {
      const { model: shallow, note } = withDepth(model, values.depth, values.student === 'fresh');
      // With every layer in between gone there is no width left to change, and nobody asked for one.
      const narrow = values.width < 1 && (shallow === model || canNarrow(shallow));
      const student = narrow ? narrowed(shallow, values.width) : shallow;
      const notes = values.depth < 1 ? [note] : [];
      return { student: values.student === 'fresh' ? freshWeights(student, seed()) : student, notes };
    }
    case 'template':
      return { student: fromTemplate(model, values.template, seed()), notes: [] };
    case 'model':
    case 'modelFresh': {
      const other =
        values.studentModel === '' ? model : singleModel(await predictor(values.studentModel), STUDENT_ROLE);
      checkBorders(model, other, STUDENT_ROLE);
      return { student: values.student === 'modelFresh' ? freshWeights(other, seed()) : other, notes: [] };
    }
    default:
      throw values.student satisfies never;
  }
}

function fromTemplate(model: Model, id: string, seed: number): Model {
  const shapes = shapesOf(model);
  const input = shapes[model.inputs[0] ?? ''] ?? [];
  const classes = shapes[model.outputs[0] ?? '']?.at(-1) ?? 0;
  const template = templateById(id);
  if (!template || input.length !== 3) {
    throw new PassError({
      en: 'A template needs images of height, width and channels, and this model takes something else. Choose another student.',
      zh: '模板需要带高、宽、通道的图片，而当前模型的输入不是。请选择其他学生。',
    });
  }
  try {
    return createModel(template.architecture(input as unknown as [number, number, number], classes), seed);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new PassError({
      en: `The template ${template.words.title.en} does not fit these images. ${error.words.en}`,
      zh: `模板“${template.words.title.zh}”不适合这些图片。${error.words.zh}`,
    });
  }
}

const STUDENT_ROLE: Words = { en: 'student', zh: '学生' };

/** The model of a predictor that is one. Throws PassError for ensembles and trees, which cannot play this role. */
export function singleModel(predictor: Predictor, role: Words): Model {
  if (predictor.kind === 'model') return predictor.model;
  throw new PassError({
    en: `The ${role.en} has to be a single network here, not an ensemble or trees. Choose another ${role.en}.`,
    zh: `这里的${role.zh}必须是单个网络，不能是集成或树。请选择其他${role.zh}。`,
  });
}

/** The model to learn from, for passes whose teacher may be any single network: this model as it was where none is chosen. */
export const TEACHER_MODEL: PredictorParam = {
  kind: 'predictor',
  default: '',
  label: { en: 'Teacher', zh: '教师' },
  help: {
    en: 'The model to learn from. Without a choice, this model as it was.',
    zh: '向哪个模型学习。不选则为改变之前的当前模型。',
  },
};

/** The chosen teacher; `model` itself where `node` is ''. Throws PassError for several predictors together, and for other shapes. */
export async function teacherModel(
  model: Model,
  node: string,
  { predictor }: Pick<PassContext, 'predictor'>,
): Promise<Model> {
  if (node === '') return model;
  const role = { en: 'teacher', zh: '教师' };
  const teacher = singleModel(await predictor(node), role);
  checkBorders(model, teacher, role);
  return teacher;
}

/** Throws PassError where another model takes or gives other shapes than this one. */
export function checkBorders(model: Model, other: Model, role: Words): void {
  const [own, others] = [bordersOf(model), bordersOf(other)];
  if (own === others) return;
  throw new PassError({
    en: `The ${role.en} ${other.name} takes and gives other shapes (${others}) than this model (${own}). Choose a ${role.en} for the same data.`,
    zh: `${role.zh} ${other.name} 的输入和输出形状（${others}）与当前模型（${own}）不同。请选择针对同一数据的${role.zh}。`,
  });
}

/** Shapes of the inputs and of the classifier's output, as a text. */
function bordersOf(model: Model): string {
  const shapes = shapesOf(model);
  const shown = (name: string | undefined): string => `[${shapes[name ?? '']?.join(' x ') ?? '?'}]`;
  return `${model.inputs.map(shown).join(', ')} -> ${shown(model.outputs[0])}`;
}
