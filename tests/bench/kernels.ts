/**
 * Times whole training steps and inference on the wasm backend alone: batch 64, Adam, images a second, one thread.
 * Runs in Node and in a browser; `kernels.mjs` starts it in either. Each network is timed in short stretches by turns,
 * and the median stretch counts, as other work on the machine comes and goes.
 */
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM, type Objective } from '#core/objective';
import { templateById } from '#core/templates';
import type { Program } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { inferencePlan, trainingPlan } from '#engine/plan';

export interface Row {
  readonly what: string;
  /** Median over the stretches. */
  readonly imagesPerSecond: number;
  /** Of the best stretch: what the machine does when nothing else runs on it. */
  readonly best: number;
  readonly stretches: number;
}

const BATCH = 64;

/** Times the templates `ids` for about `seconds` in all. */
export async function measure(ids: readonly string[], seconds: number): Promise<{ backend: string; rows: Row[] }> {
  const backend = await makeWasmBackend();
  const random = seededRandom(1);
  const noise = (length: number): Float32Array => Float32Array.from({ length }, () => random());
  const jobs: { what: string; program: Program; rates: number[] }[] = [];
  for (const id of ids) {
    const template = templateById(id);
    if (!template) throw new Error(`no template ${id}`);
    const model = createModel(template.architecture([28, 28, 1], 10), 1);
    const objective: Objective = {
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
    };
    const training = trainingPlan(objective, BATCH);
    const trainer = await backend.compile(training.plan);
    for (const { slot, data } of training.writes) trainer.write(slot, data);
    trainer.write(training.input, noise(BATCH * 784));
    trainer.write(
      training.labels,
      Float32Array.from({ length: BATCH }, (_, i) => i % 10),
    );
    trainer.write(training.rate, Float32Array.of(1e-4));
    jobs.push({ what: `${id}, training`, program: trainer, rates: [] });
    const inference = inferencePlan(model, BATCH);
    const answerer = await backend.compile(inference.plan);
    for (const { slot, data } of inference.writes) answerer.write(slot, data);
    answerer.write(inference.input, noise(BATCH * 784));
    jobs.push({ what: `${id}, inference`, program: answerer, rates: [] });
  }
  // Browsers compile hot functions anew: let them finish before the clock starts.
  for (const { program } of jobs) for (const end = performance.now() + 400; performance.now() < end; ) program.run();
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    for (const { program, rates } of jobs) {
      const begin = performance.now();
      let runs = 0;
      let now = begin;
      while (now - begin < 60) {
        program.run();
        runs += 1;
        now = performance.now();
      }
      rates.push((runs * BATCH * 1000) / (now - begin));
    }
  }
  const rows = jobs.map(({ what, rates }) => {
    rates.sort((a, b) => a - b);
    return {
      what,
      imagesPerSecond: Math.round(rates[rates.length >> 1] ?? 0),
      best: Math.round(rates.at(-1) ?? 0),
      stretches: rates.length,
    };
  });
  backend.dispose();
  return { backend: backend.description, rows };
}
