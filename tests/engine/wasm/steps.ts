/** A few training steps of a template on seeded noise, for comparing the bytes that they leave. */
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM } from '#core/objective';
import type { Template } from '#core/templates';
import type { Backend } from '#engine/backend';
import { trainingPlan } from '#engine/plan';

/** Every persistent slot of the plan after `steps` steps. `between` is awaited after each. */
export async function trainedSlots(
  backend: Backend,
  template: Template,
  input: readonly [number, number, number],
  { batch = 12, steps = 3, between }: { batch?: number; steps?: number; between?: () => Promise<void> } = {},
): Promise<Float32Array[]> {
  const made = trainingPlan(
    {
      model: createModel(template.architecture(input, 10), 1),
      loss: [{ kind: 'crossEntropy', weight: 1 }],
      optimizer: ADAM,
      learningRate: 1e-3,
      schedule: { kind: 'constant' },
      epochs: 1,
      batchSize: batch,
      seed: 1,
      l1: 1e-5,
      l2: 1e-5,
    },
    batch,
  );
  const program = await backend.compile(made.plan);
  try {
    const random = seededRandom(3);
    for (const { slot, data } of made.writes) program.write(slot, data);
    const weights = made.plan.slots[made.labels]?.shape[0] ?? batch;
    for (let step = 0; step < steps; step += 1) {
      const pixels = batch * input[0] * input[1] * input[2];
      program.write(made.input, Float32Array.from({ length: pixels }, random));
      program.write(
        made.labels,
        Float32Array.from({ length: weights }, () => Math.floor(random() * 10)),
      );
      program.write(made.rate, Float32Array.of(1e-3));
      program.run();
      await between?.();
    }
    const kept: Float32Array[] = [];
    for (const [id, { life }] of made.plan.slots.entries())
      if (life === 'persistent') kept.push(await program.read(id));
    return kept;
  } finally {
    program.dispose();
  }
}

/** Whether all bits are the same. */
export function sameBits(a: readonly Float32Array[], b: readonly Float32Array[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const [left, right] = [one, b[i] as Float32Array].map((data) => new Uint32Array(data.slice().buffer));
      return left?.length === right?.length && left?.every((bits, at) => bits === right?.[at]);
    })
  );
}
