/**
 * The three steps of a distillation side by side: the teacher, the student, and the same student trained alone (same network, start, images with labels,
 * epochs and optimiser). Beside accuracy: how often each gives the teacher's answer, and how far its probabilities are from the teacher's.
 */

import { type Leaf, scoresOf } from '#core/ensembles/scores';
import { agreementOf, divergenceOf } from '#core/metrics/agreement';
import { totalsOf } from '#core/metrics/totals';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { joined } from '#core/numeric/joined';
import type { Words } from '#core/params';
import type { Compared, PassContext } from '#core/pass';
import type { Predictor } from '#core/predictor';
import { treeScores } from '#core/trees/answer';

/** Training images on which answers are compared with the teacher's. */
const LOOKED_AT = 1000;

const LABELS: Readonly<Record<'teacher' | 'student' | 'alone', Words>> = {
  teacher: { en: 'Teacher', zh: '教师' },
  student: { en: 'Student, taught', zh: '学生（由教师教）' },
  alone: { en: 'The same student, trained alone', zh: '同一学生（独自训练）' },
};

export async function threeSteps(
  models: { readonly teacher: Predictor; readonly student: Model; readonly alone: Model },
  context: PassContext,
): Promise<readonly Compared[]> {
  const { student } = models;
  const classes = shapesOf(student)[student.outputs[0] as string]?.at(-1) ?? 1;
  const ask = (leaf: Leaf): Promise<Float32Array> => answersOf(leaf, student, classes, context);
  const answers = await scoresOf(models.teacher, ask, classes);
  const rows: Compared[] = [];
  for (const role of ['teacher', 'student', 'alone'] as const) {
    const one = models[role];
    const predictor: Predictor = 'layers' in one ? { kind: 'model', model: one } : one;
    const row = {
      label: LABELS[role],
      accuracy: await context.accuracy(predictor, 'validation'),
      parameters: totalsOf(predictor).parameters,
    };
    if (role === 'teacher') {
      rows.push(row);
      continue;
    }
    const own = await scoresOf(predictor, ask, classes);
    rows.push({
      ...row,
      agreement: agreementOf(answers, own, classes),
      divergence: divergenceOf(answers, own, classes),
    });
  }
  return rows;
}

/** [images, classes] on the same training images at every call. Trees on pixels see what the student's input gives. */
async function answersOf(leaf: Leaf, student: Model, classes: number, context: PassContext): Promise<Float32Array> {
  const trees = leaf.kind === 'trees' ? leaf : null;
  const model = leaf.kind === 'model' ? leaf.model : leaf.features.kind === 'layer' ? leaf.features.model : student;
  const layer =
    trees?.features.kind === 'layer' ? trees.features.layer : ((trees ? model.inputs[0] : model.outputs[0]) as string);
  const parts: Float32Array[] = [];
  await context.capture(
    model,
    { taps: [{ layer, at: 'output' }], images: LOOKED_AT },
    ({ values: [batch], images }) => {
      if (batch) parts.push(trees ? treeScores(trees.forest, batch, images, classes) : batch.slice());
    },
  );
  return joined(parts, Float32Array);
}
