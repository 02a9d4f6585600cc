/** How fast a backend trains, for choosing among them: a few real steps of the small CNN on images of MNIST's size. */
import { timingOf } from '#core/metrics/timing';
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM } from '#core/objective';
import { TEMPLATES } from '#core/templates';
import type { Backend } from '#engine/backend';
import { trainingPlan } from '#engine/plan';

const BATCH = 64;
const ROUNDS = 5;
/** Steps between two readings, as in training. */
const STEPS = 2;

/**
 * Images a second: the median of up to five rounds after a first one that is not counted; fewer where `deadlineMs` is
 * over first.
 */
export async function timeTraining(backend: Backend, deadlineMs: number, now: () => number): Promise<number> {
  const template = TEMPLATES.find((one) => one.id === 'small-cnn') ?? TEMPLATES[0];
  if (!template) throw new Error('there is no template to time');
  const model = createModel(template.architecture([28, 28, 1], 10), 1);
  const plan = trainingPlan(
    {
      model,
      loss: [{ kind: 'crossEntropy', weight: 1 }],
      optimizer: ADAM,
      learningRate: 1e-3,
      schedule: { kind: 'constant' },
      epochs: 1,
      batchSize: BATCH,
      seed: 1,
      l1: 0,
      l2: 0,
    },
    BATCH,
  );
  const program = await backend.compile(plan.plan);
  try {
    for (const { slot, data } of plan.writes) program.write(slot, data);
    const random = seededRandom(1);
    const images = Float32Array.from({ length: BATCH * 28 * 28 }, random);
    const labels = Float32Array.from({ length: BATCH }, () => Math.floor(random() * 10));
    const round = async (steps: number): Promise<number> => {
      const begun = now();
      for (let i = 0; i < steps; i++) {
        program.write(plan.input, images);
        program.write(plan.labels, labels);
        program.write(plan.rate, Float32Array.of(1e-3));
        program.run();
      }
      await program.read(plan.sums);
      return (now() - begun) / steps;
    };
    const begun = now();
    const times = [await round(1)];
    while (times.length <= ROUNDS && now() - begun < deadlineMs) times.push(await round(STEPS));
    const counted = times.length > 1 ? times.slice(1) : times;
    return (BATCH * 1000) / Math.max(0.001, timingOf(counted).median);
  } finally {
    program.dispose();
  }
}
