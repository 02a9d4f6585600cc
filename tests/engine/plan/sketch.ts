/** Small models, and the gradients of their training plans against finite differences of the naive reference. */
import { expect } from 'vitest';
import { DENSE, type Encoding } from '#core/model/encoding';
import type { Activation, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { LossTerm, Objective } from '#core/objective';
import { optimizerGroups } from '#engine/arena';
import { makeCpuBackend } from '#engine/backends/cpu';
import { type TrainingPlan, trainingPlan } from '#engine/plan';
import { reference } from '../suite/reference';
import { sizeOf, uniform, type Values, values } from '../suite/values';

export const LINEAR: Activation = { fn: 'linear' };
export const BATCH = 2;
export const CLASSES = 3;

/** Collects layers and their tensors; values come from one seeded stream. */
export function sketch(input: readonly number[]) {
  const random = seededRandom(21);
  const tensors: Record<string, Tensor> = {};
  const layers: Layer[] = [{ kind: 'input', name: 'in', inputs: [], shape: input }];
  const tensor = (shape: readonly number[], encoding: Encoding = DENSE): string => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random() * 1.2 - 0.6);
    const made = makeTensor(shape, data, encoding);
    tensors[made.id] = made;
    return made.id;
  };
  const add = (layer: Layer): string => {
    layers.push(layer);
    return layer.name;
  };
  const model = (output: string): Model => ({
    name: 'sketch',
    layers,
    inputs: ['in'],
    outputs: [output],
    tensors,
    layout: 'nhwc',
    meta: { source: 'test' },
  });
  return { tensor, add, model };
}

/** A dense softmax layer on the flattened `from`. */
export function finish(
  s: ReturnType<typeof sketch>,
  from: string,
  features: number,
  fn: Activation['fn'] = 'softmax',
): Model {
  s.add({ kind: 'flatten', name: 'flat', inputs: [from] });
  return s.model(
    s.add({
      kind: 'dense',
      name: 'out',
      inputs: ['flat'],
      kernel: s.tensor([features, CLASSES]),
      bias: s.tensor([CLASSES]),
      activation: { fn },
    }),
  );
}

export const conv = (
  s: ReturnType<typeof sketch>,
  name: string,
  from: string,
  inputs: number,
  filters: number,
  extra: Partial<Extract<Layer, { kind: 'conv2d' }>> = {},
) =>
  s.add({
    kind: 'conv2d',
    name,
    inputs: [from],
    kernel: s.tensor([3, 3, inputs, filters]),
    bias: s.tensor([filters]),
    strides: [1, 1],
    padding: 'same',
    dilation: [1, 1],
    activation: { fn: 'tanh' },
    ...extra,
  });

export function objectiveOf(
  model: Model,
  loss: readonly LossTerm[] = [{ kind: 'crossEntropy', weight: 1 }],
): Objective {
  return {
    model,
    loss,
    optimizer: { kind: 'sgd' },
    learningRate: 1,
    schedule: { kind: 'constant' },
    epochs: 1,
    batchSize: BATCH,
    seed: 1,
    l1: 0,
    l2: 0,
  };
}

/** What the host writes before a step. */
export function feedOf(plan: TrainingPlan): Map<number, Values> {
  const feed = new Map<number, Values>();
  const shapeOf = (slot: number) => plan.plan.slots[slot]?.shape ?? [];
  plan.plan.slots.forEach(({ shape, life }, slot) => {
    if (life === 'persistent') feed.set(slot, values(shape, new Float64Array(sizeOf(shape))));
  });
  for (const { slot, data } of plan.writes) feed.set(slot, values(shapeOf(slot), data));
  feed.set(plan.input, uniform(shapeOf(plan.input), 3));
  feed.set(plan.labels, values([BATCH], [1, 2]));
  feed.set(plan.rate, values([1], [1]));
  for (const { slot } of plan.teachers) feed.set(slot, uniform(shapeOf(slot), 8, -2, 2));
  return feed;
}

/** The mean loss, by the reference, of the plan's forward part. */
export function lossOf(plan: TrainingPlan, feed: ReadonlyMap<number, Values>): number {
  const held = new Map(feed);
  for (const { op, inputs, outputs } of plan.plan.steps) {
    if (op.kind === 'accumulateMetrics') {
      const losses = held.get(inputs[2] as number) as Values;
      return losses.data.reduce((sum, one) => sum + one, 0) / BATCH;
    }
    if (op.kind.includes('Grad')) continue;
    const shapes = outputs.map((slot) => plan.plan.slots[slot]?.shape ?? []);
    reference(
      op,
      inputs.map((slot) => held.get(slot) ?? values([1], [0])),
      shapes,
    ).forEach((one, i) => held.set(outputs[i] as number, one));
  }
  throw new Error('the plan has no loss');
}

/** What the optimiser moves. */
export function movedSlots(plan: TrainingPlan): readonly number[] {
  return plan.plan.steps.flatMap((step) => optimizerGroups(step)[0]);
}

/** How many entries of how many trained values were found right, for plain descent at rate 1. */
export async function checkGradients(objective: Objective): Promise<number> {
  const plan = trainingPlan(objective, BATCH);
  const feed = feedOf(plan);
  const backend = await makeCpuBackend();
  const program = await backend.compile(plan.plan);
  for (const [slot, { data }] of feed) program.write(slot, Float32Array.from(data));
  program.run();
  const random = seededRandom(4);
  let checked = 0;
  const names = new Map(plan.trained.map(({ slot, layer, role }) => [slot, `${layer} ${role}`]));
  for (const slot of movedSlots(plan)) {
    const before = feed.get(slot) as Values;
    const after = await program.read(slot);
    for (let tries = 0; tries < 5; tries++) {
      const i = Math.floor(random() * after.length);
      const at = (delta: number): number => {
        const data = before.data.slice();
        data[i] = (data[i] as number) + delta;
        return lossOf(plan, new Map(feed).set(slot, { ...before, data }));
      };
      const expected = (at(1e-5) - at(-1e-5)) / 2e-5;
      const actual = (before.data[i] as number) - (after[i] as number);
      expect(
        Math.abs(actual - expected),
        `${names.get(slot) ?? 'extra'}[${i}]: ${actual}, by differences ${expected}`,
      ).toBeLessThan(2e-4 * (1 + Math.abs(expected)));
      checked++;
    }
  }
  program.dispose();
  return checked;
}
