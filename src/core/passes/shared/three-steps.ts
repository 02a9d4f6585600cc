/**
 * The three steps of a distillation side by side: the teacher, the student, and the same student trained alone (same network, start, images with labels,
 * epochs and optimiser). Beside accuracy: how often each gives the teacher's answer, and how far its probabilities are from the teacher's.
 */
import { agreementOf, divergenceOf } from '#core/metrics/agreement';
import { countValues } from '#core/metrics/size';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import type { Words } from '#core/params';
import type { Compared, PassContext } from '#core/pass';

/** Training images on which answers are compared with the teacher's. */
const LOOKED_AT = 1000;

const LABELS: Readonly<Record<'teacher' | 'student' | 'alone', Words>> = {
  teacher: { en: 'Teacher', zh: '教师' },
  student: { en: 'Student, taught', zh: '学生（由教师教）' },
  alone: { en: 'The same student, trained alone', zh: '同一学生（独自训练）' },
};

export async function threeSteps(
  models: Readonly<Record<'teacher' | 'student' | 'alone', Model>>,
  context: PassContext,
): Promise<readonly Compared[]> {
  const answers = await logitsOf(models.teacher, context);
  const rows: Compared[] = [];
  for (const role of ['teacher', 'student', 'alone'] as const) {
    const model = models[role];
    const row = {
      label: LABELS[role],
      accuracy: await context.accuracy({ kind: 'model', model }, 'validation'),
      parameters: countValues(model).parameters,
    };
    if (role === 'teacher') {
      rows.push(row);
      continue;
    }
    const own = await logitsOf(model, context);
    rows.push({
      ...row,
      agreement: agreementOf(answers.values, own.values, own.classes),
      divergence: divergenceOf(answers.values, own.values, own.classes),
    });
  }
  return rows;
}

/** [images, classes] on the same training images at every call. */
async function logitsOf(
  model: Model,
  context: PassContext,
): Promise<{ readonly values: readonly number[]; readonly classes: number }> {
  const layer = model.outputs[0] as string;
  const values: number[] = [];
  await context.capture(model, { taps: [{ layer, at: 'output' }], images: LOOKED_AT }, ({ values: [batch] }) => {
    for (const value of batch ?? []) values.push(value);
  });
  return { values, classes: shapesOf(model)[layer]?.at(-1) ?? 1 };
}
