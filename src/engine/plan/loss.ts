/**
 * The loss of a training step: for each image the weighted sum of the objective's terms, its gradients with respect to
 * the logits and whatever else the terms look at, and the running sums that progress is read from. Distillation:
 * Hinton 2015, with T^2 before the divergence.
 */
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import { type Builder, binary, scaled } from '#engine/plan/builder';
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
  /** [batch, classes]: logits that a teacher which does not run along gave to these images. */
  readonly answers: (teacher: Model) => SlotId;
  /** [batch]: how much each image counts in the terms with labels and in those with a teacher, 1 on the mean; null: all alike. */
  readonly shares: { readonly labels: SlotId; readonly teachers: SlotId } | null;
}
export interface LossSlots {
  /** Gradients of the mean loss over the batch, by the slot that they belong to (the logits, and outputs of layers). */
  readonly seeds: ReadonlyMap<SlotId, SlotId>;
  readonly weights: SlotId;
  readonly sums: SlotId;
}

export function lossSteps(b: Builder, objective: Objective, parts: LossParts): LossSlots {
  const { batch, classes, logits, labels, shares } = parts;
  const weights = b.persistent([batch], new Float32Array(batch).fill(1));
  const sums = b.persistent([3]);
  const losses: SlotId[] = [];
  const gradients: SlotId[] = [];
  /** Each image's loss, as much as it counts. */
  const share = (loss: SlotId, factor: number, of: SlotId | undefined): SlotId =>
    scaled(b, of === undefined ? loss : binary(b, 'multiply', loss, of), factor);
  const term = (
    targets: SlotId,
    temperature: number,
    relative: boolean,
    factor: number,
    of: SlotId | undefined,
  ): void => {
    const loss = b.push({ kind: 'softmaxCrossEntropy', temperature, relative }, [logits, targets], [batch]);
    losses.push(share(loss, factor, of));
    gradients.push(
      b.push(
        { kind: 'softmaxCrossEntropyGrad', temperature, scale: factor / batch },
        [logits, targets, of ?? weights],
        [batch, classes],
      ),
    );
  };
  for (const one of objective.loss) {
    if (one.kind === 'crossEntropy') {
      term(
        b.push({ kind: 'oneHot', smoothing: one.labelSmoothing ?? 0 }, [labels], [batch, classes]),
        1,
        false,
        one.weight,
        shares?.labels,
      );
    } else {
      const teacher = modelOf(one.teacher);
      const answer = parts.teachers.get(teacher)?.logits ?? parts.answers(teacher);
      const targets = b.push({ kind: 'softmax', temperature: one.temperature }, [answer], [batch, classes]);
      term(targets, one.temperature, true, one.weight * one.temperature ** 2, shares?.teachers);
    }
  }
  const sum = (all: readonly SlotId[]) =>
    all.slice(1).reduce((total, one) => binary(b, 'add', total, one), all[0] as SlotId);
  b.pushInto({ kind: 'accumulateMetrics' }, [logits, labels, sum(losses), weights, sums], [sums]);
  return { seeds: new Map([[logits, sum(gradients)]]), weights, sums };
}
