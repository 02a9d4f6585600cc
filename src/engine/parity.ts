/**
 * The check that every backend has to pass before it is used: three training steps of a small network that touches the
 * usual operations, compared with what the cpu backend gave (recorded below, and compared with it again by the tests).
 * A driver that computes wrongly says nothing; this does.
 */
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import type { Objective } from '#core/objective';
import { type Backend, BackendError } from '#engine/backend';
import { trainingPlan } from '#engine/plan';

const STEPS = 3;
const BATCH = 4;
const CLASSES = 5;
const SIDE = 8;

const ARCHITECTURE: Architecture = {
  name: 'parity',
  input: [SIDE, SIDE, 1],
  classes: CLASSES,
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'batchNorm' },
    { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
    { kind: 'depthwiseConv2d', kernel: 3, stride: 1, padding: 'same', activation: 'tanh', bias: true },
    { kind: 'conv2d', filters: 4, kernel: 1, stride: 1, padding: 'valid', activation: 'linear', bias: true },
    { kind: 'residualAdd', from: 3 },
    { kind: 'averagePool2d', size: 2, stride: 2, padding: 'valid' },
    { kind: 'flatten' },
    { kind: 'dense', units: CLASSES, activation: 'linear', bias: true },
  ],
};

/** Loss of each step, then for each trained tensor the sum of its absolute values and one of its values. */
export const PARITY_EXPECTED: readonly number[] = [
  1.583217, 1.562508, 1.529969, 4.931871, 0.03407768, 0.6516601, -0.0646611, 0.8238995, -0.2410168, 0.5737856,
  0.1326615, 0.1103133, 0.01421646, 2.927751, 0.7305645, 5.998857, -0.2492612, 0.2791205, 0.08000982, 2.115183,
  -0.1318782, 0.8219834, 0.2448804, 11.41142, -0.2507717, 0.7923895, -0.1531386,
];
/** A backend may differ by this share of a figure (and this much near 0). */
export const PARITY_TOLERANCE = 2e-3;

/** The figures of the check on a backend. */
export async function parityFigures(backend: Backend): Promise<number[]> {
  const objective: Objective = {
    model: createModel(ARCHITECTURE, 11),
    loss: [{ kind: 'crossEntropy', weight: 1 }],
    optimizer: { kind: 'momentum', momentum: 0.9 },
    learningRate: 0.1,
    schedule: { kind: 'constant' },
    epochs: 1,
    batchSize: BATCH,
    seed: 1,
    l1: 0,
    l2: 1e-3,
  };
  const plan = trainingPlan(objective, BATCH);
  const program = await backend.compile(plan.plan);
  try {
    for (const { slot, data } of plan.writes) program.write(slot, data);
    const random = seededRandom(5);
    for (const { slot, kind, tensor } of plan.trained) {
      if (kind !== 'statistic')
        program.write(
          slot,
          tensor.data.map(() => random() * 0.6 - 0.3),
        );
    }
    program.write(plan.input, Float32Array.from({ length: BATCH * SIDE * SIDE }, random));
    program.write(
      plan.labels,
      Float32Array.from({ length: BATCH }, (_, i) => i % CLASSES),
    );
    program.write(plan.rate, Float32Array.of(objective.learningRate));
    const figures: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      program.write(plan.sums, new Float32Array(3));
      program.run();
      figures.push(((await program.read(plan.sums))[0] as number) / BATCH);
    }
    for (const { slot } of plan.trained) {
      const values = await program.read(slot);
      figures.push(
        values.reduce((sum, value) => sum + Math.abs(value), 0),
        values[values.length >> 1] as number,
      );
    }
    return figures;
  } finally {
    program.dispose();
  }
}

/** Resolves where the backend computes what it should; rejects with BackendError('unsupported') naming the figure. */
export async function assertParity(backend: Backend): Promise<void> {
  const figures = await parityFigures(backend);
  for (const [i, expected] of PARITY_EXPECTED.entries()) {
    const error = Math.abs((figures[i] ?? Number.NaN) - expected) / (1 + Math.abs(expected));
    if (!(error <= PARITY_TOLERANCE)) {
      throw new BackendError(
        'unsupported',
        `It computes wrongly: figure ${i + 1} of the check is ${figures[i]} where ${expected} is right.`,
      );
    }
  }
}
