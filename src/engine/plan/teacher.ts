/**
 * Teachers in a training plan. A teacher's logits are usually computed once and looked up; where its images are new at
 * every step (moved, or noise), or where its layers are to be imitated, the frozen teacher runs along with the student.
 */
import type { Model } from '#core/model/model';
import type { LossTerm, Objective } from '#core/objective';
import type { Predictor } from '#core/predictor';
import type { SlotId } from '#engine/backend';
import type { Builder } from '#engine/plan/builder';
import { inUse } from '#engine/plan/in-use';
import { forward, onlyProbabilities } from '#engine/plan/network';
import { leavesOf, modelOf } from '#engine/predictors';

/** A frozen network that runs along. */
export interface FrozenNetwork {
  readonly logits: SlotId;
  /** By layer name, [batch, ...shape]: the layers that were asked for. */
  readonly outputs: ReadonlyMap<string, SlotId>;
}

/** Layers of the student and of the teacher that a term looks at beside the logits. */
function layersOf(term: LossTerm): { readonly student: readonly string[]; readonly teacher: readonly string[] } {
  switch (term.kind) {
    case 'crossEntropy':
    case 'distillation':
    case 'logitError':
      return { student: [], teacher: [] };
    case 'hint':
      return { student: [term.studentLayer], teacher: [term.teacherLayer] };
    case 'attention':
      return {
        student: term.pairs.map(({ studentLayer }) => studentLayer),
        teacher: term.pairs.map(({ teacherLayer }) => teacherLayer),
      };
    default:
      throw term satisfies never;
  }
}

/** The student's layers whose outputs some term looks at. */
export function studentLayers(objective: Objective): readonly string[] {
  return [...new Set(objective.loss.flatMap((term) => layersOf(term).student))];
}

/** The teachers that have to run along, with the layers that are looked at. */
export function liveTeachers(objective: Objective): ReadonlyMap<Model, ReadonlySet<string>> {
  const isNew = (objective.augment?.shift ?? 0) > 0 || objective.data?.transfer === 'noise';
  const live = new Map<Model, Set<string>>();
  for (const term of objective.loss) {
    if (!('teacher' in term)) continue;
    const { teacher } = layersOf(term);
    if (!isNew && teacher.length === 0) continue;
    const models = teacher.length > 0 ? [modelOf(term.teacher)] : teachingModels(term.teacher);
    for (const model of models) live.set(model, new Set([...(live.get(model) ?? []), ...teacher]));
  }
  return live;
}

/** The networks of a teacher that answer by themselves. */
const teachingModels = (teacher: Predictor): readonly Model[] =>
  leavesOf(teacher).flatMap((leaf) => (leaf.kind === 'model' ? [leaf.model] : []));

/** Appends a network's forward pass on `images` as it answers in use: moving statistics, no dropout, nothing trained. */
export function frozenNetwork(
  b: Builder,
  model: Model,
  batch: number,
  images: SlotId,
  layers: Iterable<string>,
): FrozenNetwork {
  const names = [...layers];
  const { logits, probabilities, taps } = forward(
    b,
    model,
    batch,
    { ...inUse(b, model).supply, images },
    names.map((layer) => ({ layer, at: 'output' })),
  );
  if (probabilities) throw onlyProbabilities();
  return { logits, outputs: new Map(names.map((name, i) => [name, taps[i] as SlotId])) };
}
