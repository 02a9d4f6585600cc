/**
 * The loss of a training step: for each image the weighted sum of the objective's terms, its gradient with respect to
 * the logits, and the running sums that progress is read from. Distillation: Hinton 2015, with T^2 before the divergence.
 */
import type { DistillationTerm, Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import { type Builder, binary, scaled } from '#engine/plan/builder';

export interface LossSlots {
  /** Of the mean loss over the batch, with respect to the logits. */
  readonly gradient: SlotId;
  readonly labels: SlotId;
  readonly weights: SlotId;
  readonly sums: SlotId;
  readonly teachers: readonly { readonly slot: SlotId; readonly term: DistillationTerm }[];
}

export function lossSteps(b: Builder, objective: Objective, logits: SlotId, batch: number, classes: number): LossSlots {
  const labels = b.persistent([batch]);
  const weights = b.persistent([batch], new Float32Array(batch).fill(1));
  const sums = b.persistent([3]);
  const teachers: { slot: SlotId; term: DistillationTerm }[] = [];
  const losses: SlotId[] = [];
  const gradients: SlotId[] = [];
  const term = (targets: SlotId, temperature: number, relative: boolean, factor: number): void => {
    const loss = b.push({ kind: 'softmaxCrossEntropy', temperature, relative }, [logits, targets], [batch]);
    losses.push(scaled(b, loss, factor));
    gradients.push(
      b.push(
        { kind: 'softmaxCrossEntropyGrad', temperature, scale: factor / batch },
        [logits, targets, weights],
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
      );
    } else {
      const slot = b.persistent([batch, classes]);
      teachers.push({ slot, term: one });
      const targets = b.push({ kind: 'softmax', temperature: one.temperature }, [slot], [batch, classes]);
      term(targets, one.temperature, true, one.weight * one.temperature ** 2);
    }
  }
  const sum = (all: readonly SlotId[]) =>
    all.slice(1).reduce((total, one) => binary(b, 'add', total, one), all[0] as SlotId);
  b.pushInto({ kind: 'accumulateMetrics' }, [logits, labels, sum(losses), weights, sums], [sums]);
  return { gradient: sum(gradients), labels, weights, sums, teachers };
}
