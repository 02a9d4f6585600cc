/**
 * Times whole training steps and inference on the wasm backend alone: batch 64, Adam, images a second, with
 * one thread and with more. Runs in Node and in a browser's worker; `kernels.mjs` starts it in either. Each network is timed in short stretches by turns,
 * and the median stretch counts, as other work on the machine comes and goes.
 */
import { createModel } from '#core/model/create';
import { seededRandom } from '#core/numeric/random';
import { ADAM, type Objective } from '#core/objective';
import { templateById } from '#core/templates';
import type { Program } from '#engine/backend';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeThreads } from '#engine/backends/wasm/threads';
import { breathe } from '#engine/breathe';
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

const backendOf = (threads: number) =>
  makeWasmBackendWith(
    threads === 1
      ? null
      : (kernels, module, memory) =>
          makeThreads(kernels, module, memory, { most: threads, wanted: () => threads, after: 0 }),
  );

/** Times the templates `ids` for about `seconds` in all, with one thread and with `threads`. */
export async function measure(
  ids: readonly string[],
  seconds: number,
  threads = 1,
): Promise<{ backend: string; rows: Row[] }> {
  const backends = await Promise.all([...new Set([1, threads])].map(backendOf));
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
    const inference = inferencePlan(model, BATCH);
    for (const [i, backend] of backends.entries()) {
      const what = i === 0 ? '1 thread' : `${threads} threads`;
      const trainer = await backend.compile(training.plan);
      for (const { slot, data } of training.writes) trainer.write(slot, data);
      trainer.write(training.input, noise(BATCH * 784));
      trainer.write(
        training.labels,
        Float32Array.from({ length: BATCH }, (_, label) => label % 10),
      );
      trainer.write(training.rate, Float32Array.of(1e-4));
      jobs.push({ what: `${id}, training, ${what}`, program: trainer, rates: [] });
      const answerer = await backend.compile(inference.plan);
      for (const { slot, data } of inference.writes) answerer.write(slot, data);
      answerer.write(inference.input, noise(BATCH * 784));
      jobs.push({ what: `${id}, inference, ${what}`, program: answerer, rates: [] });
    }
  }
  // Browsers compile hot functions anew: let them finish before the clock starts.
  for (const { program } of jobs) {
    for (const end = performance.now() + 400; performance.now() < end; ) {
      program.run();
      await breathe();
    }
  }
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
  const [backend] = backends.slice(-1).map((one) => one.description);
  for (const one of backends) one.dispose();
  return { backend: backend ?? '', rows };
}
