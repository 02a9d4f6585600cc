/**
 * The loss of a training step: for each image the weighted sum of the objective's terms, its gradients with respect to
 * the logits and whatever else the terms look at, and the running sums that progress is read from. Distillation:
 * Hinton 2015, with T^2 before the divergence.
 */
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import type { Asked } from '#engine/plan/answers';
import { type Builder, binary, scaled } from '#engine/plan/builder';
import { attentionSteps, hintSteps, logitErrorSteps, type TermSteps } from '#engine/plan/loss-imitation';
import { logitTargets, softTargets, type Teaching } from '#engine/plan/targets';
import type { FrozenNetwork } from '#engine/plan/teacher';
import { modelOf } from '#engine/predictors';

/** What the terms look at. */
export interface LossParts {
  readonly batch: number;
  readonly classes: number;
  /** [batch, classes]. */
  readonly logits: SlotId;
  /** Outputs of the student's layers that some term asks for, by layer name. */
  readonly student: ReadonlyMap<string, SlotId>;
  /** [batch]: class indices; the number of classes where an image has no label. */
  readonly labels: SlotId;
  /** The teachers that run along. */
  readonly teachers: ReadonlyMap<Model, FrozenNetwork>;
  /** [batch, classes]: what a teacher which does not run along gave to these images. */
  readonly answers: (asked: Asked) => SlotId;
  /** [batch]: how much each image counts in the terms with labels and in those with a teacher, 1 on the mean; null: all alike. */
  readonly shares: { readonly labels: SlotId; readonly teachers: SlotId } | null;
  /** [1]: the share of the run done, 0 to 1; asked for only where a weight changes over the run. */
  readonly done: () => SlotId;
}
export interface LossSlots {
  /** Gradients of the mean loss over the batch, by the slot that they belong to (the logits, and outputs of layers). */
  readonly seeds: ReadonlyMap<SlotId, SlotId>;
  /** What is trained for the loss only and is no part of the model: slots that the optimiser moves, with their gradients. */
  readonly extra: readonly (readonly [SlotId, SlotId])[];
  readonly weights: SlotId;
  readonly sums: SlotId;
}

export function lossSteps(b: Builder, objective: Objective, parts: LossParts): LossSlots {
  const { batch, classes, logits, labels, shares } = parts;
  const weights = b.persistent([batch], new Float32Array(batch).fill(1));
  const sums = b.persistent([3]);
  const losses: SlotId[] = [];
  const seeds = new Map<SlotId, SlotId>();
  const extra: (readonly [SlotId, SlotId])[] = [];
  const seed = (slot: SlotId, gradient: SlotId): void => {
    const other = seeds.get(slot);
    seeds.set(slot, other === undefined ? gradient : binary(b, 'add', other, gradient));
  };
  /** Each image's loss, as much as it counts. */
  const share = (loss: SlotId, factor: number, of: SlotId | undefined): SlotId =>
    scaled(b, of === undefined ? loss : binary(b, 'multiply', loss, of), factor);
  const entropy = (
    targets: SlotId,
    temperature: number,
    relative: boolean,
    factor: number,
    of: SlotId | undefined,
    level: SlotId | null = null,
  ): void => {
    const whole = b.push({ kind: 'softmaxCrossEntropy', temperature, relative }, [logits, targets], [batch]);
    const levelled = (x: SlotId): SlotId => (level === null ? x : binary(b, 'multiply', x, level));
    losses.push(share(levelled(whole), factor, of));
    seed(
      logits,
      b.push(
        { kind: 'softmaxCrossEntropyGrad', temperature, scale: factor / batch },
        [logits, targets, levelled(of ?? weights)],
        [batch, classes],
      ),
    );
  };
  const imitate = (term: TermSteps, weight: number): void => {
    losses.push(share(term.loss, weight, shares?.teachers));
    for (const [slot, gradient] of term.gradients) seed(slot, gradient);
    extra.push(...term.extra);
  };
  const teaching: Teaching = { batch, classes, answers: parts.answers, live: parts.teachers };
  const portion = (weight: number) => ({ factor: weight / batch, counts: shares?.teachers ?? weights });
  for (const [index, one] of objective.loss.entries()) {
    switch (one.kind) {
      case 'crossEntropy': {
        const targets = b.push({ kind: 'oneHot', smoothing: one.labelSmoothing ?? 0 }, [labels], [batch, classes]);
        entropy(targets, 1, false, one.weight, shares?.labels);
        break;
      }
      case 'distillation': {
        const { temperature, fallsTo = 1 } = one;
        const targets = softTargets(b, one.teacher, temperature, teaching);
        const level = fallsTo === 1 ? null : levelOf(b, parts.done(), fallsTo);
        entropy(targets, temperature, true, one.weight * temperature ** 2, shares?.teachers, level);
        break;
      }
      case 'logitError':
        imitate(logitErrorSteps(b, logits, logitTargets(b, one.teacher, teaching), portion(one.weight)), one.weight);
        break;
      case 'hint': {
        const [student, teacher] = layers(parts, modelOf(one.teacher), one);
        imitate(hintSteps(b, student, teacher, portion(one.weight), one, objective.seed + index), one.weight);
        break;
      }
      case 'attention':
        for (const pair of one.pairs) {
          const [student, teacher] = layers(parts, modelOf(one.teacher), pair);
          imitate(attentionSteps(b, student, teacher, portion(one.weight), pair), one.weight);
        }
        break;
      default:
        throw one satisfies never;
    }
  }
  const total = losses.slice(1).reduce((all, one) => binary(b, 'add', all, one), losses[0] ?? b.persistent([batch]));
  b.pushInto({ kind: 'accumulateMetrics' }, [logits, labels, total, weights, sums], [sums]);
  return { seeds, extra, weights, sums };
}

/** [1]: what is left of a weight that falls evenly, from all of it to this part. */
function levelOf(b: Builder, done: SlotId, to: number): SlotId {
  return binary(b, 'add', scaled(b, done, to - 1), b.persistent([1], Float32Array.of(1)));
}

/** The outputs of a student's layer and of a teacher's. */
function layers(
  { student, teachers }: LossParts,
  teacher: Model,
  { studentLayer, teacherLayer }: { readonly studentLayer: string; readonly teacherLayer: string },
): [SlotId, SlotId] {
  return [student.get(studentLayer) as SlotId, teachers.get(teacher)?.outputs.get(teacherLayer) as SlotId];
}
