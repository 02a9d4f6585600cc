/** A training step of LeNet-5 on a batch of 64 with Adam, as people train it: what the counts are promised for. */
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM, type Objective } from '#core/objective';
import { templateById } from '#core/templates';
import type { Dataset } from '#engine/datasets/dataset';
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

/** Seeded images of the size that LeNet-5 takes. */
export function lenetData(): Dataset {
  const random = seededRandom(5);
  const count = 4 * LENET_BATCH;
  const images = {
    count,
    pixels: Uint8Array.from({ length: count * 784 }, () => Math.floor(256 * random())),
    labels: Uint8Array.from({ length: count }, () => Math.floor(10 * random())),
  };
  return {
    id: 'noise',
    shape: [28, 28, 1],
    classes: Array.from({ length: 10 }, (_, i) => ({ en: `${i}`, zh: `${i}` })),
    scale: 1 / 255,
    splits: { train: images, validation: images, test: images },
  };
}

/** The plan of a step, which puts its batches together by itself where there is a data set. */
export const lenetPlan = (masked = false, resident: Dataset | null = null): TrainingPlan =>
  trainingPlan(lenetObjective(masked), LENET_BATCH, { resident });
