/** A training step of LeNet-5 on a batch of 64 with Adam, as people train it: what the counts are promised for. */
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM, type Objective } from '#core/objective';
import { templateById } from '#core/templates';
import type { Program } from '#engine/backend';
import { type TrainingPlan, trainingPlan } from '#engine/plan';
import { encoded } from '../suite/cases-training';

export const LENET_BATCH = 64;

/** The objective, with every kernel masked where asked (biases are not). */
export function lenetObjective(masked = false): Objective {
  const template = templateById('lenet-5');
  if (!template) throw new Error('there is no LeNet-5');
  const dense = createModel(template.architecture([28, 28, 1], 10), 4);
  return {
    model: masked ? encoded(dense, 'mask') : dense,
    loss: [{ kind: 'crossEntropy', weight: 1 }],
    optimizer: ADAM,
    learningRate: 1e-3,
    schedule: { kind: 'constant' },
    epochs: 1,
    batchSize: LENET_BATCH,
    seed: 1,
    l1: 0,
    l2: 0,
  };
}

export const lenetPlan = (masked = false): TrainingPlan => trainingPlan(lenetObjective(masked), LENET_BATCH);

/** Writes what every step writes: seeded images, labels and the rate. */
export function feedLenet(program: Program, plan: TrainingPlan, step: number): void {
  const random = seededRandom(step + 1);
  program.write(
    plan.input,
    Float32Array.from({ length: LENET_BATCH * 784 }, () => random()),
  );
  program.write(
    plan.labels,
    Float32Array.from({ length: LENET_BATCH }, () => Math.floor(random() * 10)),
  );
  program.write(plan.rate, Float32Array.of(1e-3));
}
