/**
 * Runs rows: stage by stage, seed by seed. A stage that was run before is not run again: its model lies in the cache as the
 * .whittle file that was written of it, its figures in the CSV. What is measured is that file, read back.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Architecture } from '#core/architecture';
import { countMacs } from '#core/metrics/operations';
import { countParameters } from '#core/metrics/size';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { hashHex, hashText } from '#core/numeric/hash';
import type { Values } from '#core/params';
import { PASSES } from '#core/passes/index';
import { type RecipeStep, readyStep, runRecipe } from '#core/recipe';
import type { Backend } from '#engine/backend';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import { evaluate } from '#engine/evaluate';
import { read } from '#formats/whittle/read';
import { packed } from '#formats/whittle/write';
import { writtenBytes } from '#worker/summary';
import { architectureOf, moment, readDataset, reporter } from '../long/lab';
import { machine, version } from '../measurements';
import { records } from './record';
import type { Row, Stage } from './row';

const cache = 'node_modules/.cache/whittle/recipes';
/** The stage of a network of the final size from scratch. */
export const SCRATCH = 'from scratch';

/** A stage that a row has, with everything before it. */
interface Task {
  readonly row: Row;
  readonly stage: Stage;
  readonly network: string | Architecture;
  readonly steps: readonly RecipeStep[];
  readonly from: number;
  readonly seed: number;
}

interface Lab {
  readonly backend: Backend;
  readonly dataset: (id: string) => Promise<Dataset>;
  readonly rows: readonly Row[];
}

/** Runs what is missing of these rows: the first seed of all of them, then the second, so that a table is soon whole. */
export async function runRows(asked: readonly Row[], rows: readonly Row[], log: (line: string) => void): Promise<void> {
  const backend = await makeWasmBackendWith(null);
  const sets = new Map<string, Promise<Dataset>>();
  const dataset = (id: string): Promise<Dataset> => {
    const known = sets.get(id) ?? readDataset(id);
    sets.set(id, known);
    return known;
  };
  try {
    for (let seed = 1; asked.some(({ seeds }) => seeds >= seed); seed++) {
      for (const row of asked.filter(({ seeds }) => seeds >= seed)) {
        log(`\n== ${row.title} (${row.name}), seed ${seed}`);
        for (const stage of stagesOf(row))
          await modelOf(taskOf(row, stage.name, seed), { backend, dataset, rows }, log);
      }
    }
  } finally {
    backend.dispose();
  }
}

/** The row's stages, and its network from scratch as one more. */
function stagesOf({ stages, scratch }: Row): readonly Stage[] {
  return scratch ? [...stages, { name: SCRATCH, steps: scratch.steps }] : stages;
}

function taskOf(row: Row, name: string, seed: number): Task {
  const at = row.stages.findIndex((stage) => stage.name === name);
  if (at < 0) {
    const stage = stagesOf(row).find((one) => one.name === name);
    if (!stage || !row.scratch) throw new Error(`Row ${row.name} has no stage ${name}.`);
    return { row, stage, network: row.scratch.network, steps: stage.steps, from: 0, seed };
  }
  const steps = row.stages.slice(0, at + 1).flatMap((stage) => stage.steps);
  const stage = row.stages[at] as Stage;
  return { row, stage, network: row.network, steps, from: steps.length - stage.steps.length, seed };
}

/** The key of a stage of a row as it is now. */
export function stageKey(row: Row, stage: string, seed: number): string {
  return keyOf(taskOf(row, stage, seed));
}

/** What tells whether a stage was run already: everything that its bytes depend on but the code. */
function keyOf({ row, stage, network, steps, seed }: Task): string {
  return hashHex(hashText(JSON.stringify([row.dataset, network, steps, seed, stage.streams ?? 'all']))).slice(0, 16);
}

async function modelOf(task: Task, lab: Lab, log: (line: string) => void): Promise<Model> {
  const { row, stage } = task;
  const key = keyOf(task);
  const file = `${cache}/${key}.whittle`;
  const isMeasured = records.read().some((one) => one.key === key && one.row === row.name && one.stage === stage.name);
  if (existsSync(file) && isMeasured) return (await read(new Map([[file, new Uint8Array(readFileSync(file))]]))).model;
  const begun = performance.now();
  const model = existsSync(file)
    ? (await read(new Map([[file, new Uint8Array(readFileSync(file))]]))).model
    : await made(task, lab, log);
  const bytes = packed(model, stage.streams);
  mkdirSync(cache, { recursive: true });
  writeFileSync(file, bytes);
  if (!isMeasured) await measure(task, key, bytes, (performance.now() - begun) / 1000, lab, log);
  return model;
}

async function made(task: Task, lab: Lab, log: (line: string) => void): Promise<Model> {
  const { row, stage, network, steps, from, seed } = task;
  const at = row.stages.indexOf(stage);
  const dataset = await lab.dataset(row.dataset);
  const before = row.stages[at - 1];
  const start =
    at > 0 && before
      ? await modelOf(taskOf(row, before.name, seed), lab, log)
      : createModel(architectureOf(network, dataset), seed);
  const signal = new AbortController().signal;
  const result = await runRecipe(
    start,
    { version: 1, seed, steps },
    (index, stepSeed) =>
      makeContext({
        backend: lab.backend,
        dataset,
        seed: stepSeed,
        signal,
        progress() {},
        async resolve(node) {
          const [name, ...rest] = node.split('/');
          const other = lab.rows.find((one) => one.name === name);
          if (!other) throw new Error(`Step ${index + 1} names the row ${name}, which is not there.`);
          return { kind: 'model', model: await modelOf(taskOf(other, rest.join('/'), seed), lab, log) };
        },
        onTrain: reporter(log),
      }),
    PASSES,
    { from },
  );
  return result.model;
}

async function measure(
  task: Task,
  key: string,
  bytes: Uint8Array,
  seconds: number,
  lab: Lab,
  log: (line: string) => void,
): Promise<void> {
  const { row, stage, seed, steps, from } = task;
  const { model } = await read(new Map([['model.whittle', bytes]]));
  const { correct, images } = await evaluate(
    lab.backend,
    { kind: 'model', model },
    await lab.dataset(row.dataset),
    'test',
  );
  const wrong = [...correct.keys()].filter((i) => !correct[i]);
  const { parameters, nonZero, distinct } = countParameters(model);
  records.append({
    run: moment(),
    version: version(),
    machine: machine(),
    row: row.name,
    stage: stage.name,
    seed,
    key,
    bytes: bytes.length,
    zipBytes: await writtenBytes(model),
    parameters,
    nonZero,
    distinct,
    macs: countMacs(model).total,
    epochs: epochsOf(steps.slice(from)),
    seconds: Math.round(seconds),
    images,
    errors: wrong.length,
    wrong,
  });
  log(
    `  ${row.name}, ${stage.name}, seed ${seed}: ${((100 * wrong.length) / images).toFixed(2)} % wrong, ${bytes.length} bytes, ${nonZero} not zero (${seconds.toFixed(0)} s)`,
  );
}

/** Epochs that these steps train for. */
function epochsOf(steps: readonly RecipeStep[]): number {
  return steps.reduce((sum, one) => {
    const { values } = readyStep(one, PASSES) as { values: Values };
    return sum + (typeof values['epochs'] === 'number' && values['after'] !== 'nothing' ? values['epochs'] : 0);
  }, 0);
}

/** The labels of the test images, in order. */
export async function testLabels(id: string): Promise<Uint8Array> {
  return (await readDataset(id)).splits.test.labels;
}
