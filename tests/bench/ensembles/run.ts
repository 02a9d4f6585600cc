/**
 * Runs rows, seed by seed and row by row. A row that was run before is not run again: what it made lies in the cache as a
 * file, its figures in the CSV. What is measured on test images is the file that people get, read back.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fitEnsemble } from '#core/ensembles/fit';
import { heldOutParts, heldOutScores } from '#core/ensembles/held-out';
import { makingById } from '#core/ensembles/making/index';
import { type Leaf, scoresOf } from '#core/ensembles/scores';
import { totalsOf } from '#core/metrics/totals';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { hashHex, hashText } from '#core/numeric/hash';
import { seededRandom } from '#core/numeric/random';
import { clampValues, type Values } from '#core/params';
import { PASSES } from '#core/passes/index';
import type { EnsembleState, Predictor } from '#core/predictor';
import { runRecipe } from '#core/recipe';
import { treeMethodById } from '#core/trees/index';
import type { Backend } from '#engine/backend';
import { makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import { judge, leafLogits, logitsOf } from '#engine/evaluate';
import { featuresOf } from '#engine/trees';
import { readPredictor } from '#formats/index';
import { graphOf, writePredictor } from '#formats/predictors';
import { architectureOf, moment, reporter } from '../long/lab';
import type { Records } from '../long/records';
import { machine, version } from '../measurements';
import type { RowRecord } from './record';
import { needsOf, type Row } from './row';

const EXACT = { unsupportedGrids: 'float' } as const;

export interface Lab {
  readonly backend: Backend;
  readonly dataset: Dataset;
  readonly rows: readonly Row[];
  readonly records: Records<RowRecord>;
  /** The folder in which models lie between runs. */
  readonly cache: string;
  readonly log: (line: string) => void;
}

/** Runs what is missing of these rows: the first seed of all of them, then the second. */
export async function runRows(asked: readonly Row[], seeds: number, lab: Lab): Promise<void> {
  for (let seed = 1; seed <= seeds; seed++) {
    const bench = benchOf(seed, lab);
    for (const row of asked) await bench.measured(row);
  }
}

/** What tells whether a row was run already: everything that its bytes depend on but the code. */
export function keyOf(
  row: Row,
  seed: number,
  lab: Pick<Lab, 'rows'> & { readonly dataset: { readonly id: string } },
): string {
  const needs = needsOf(row).map((name) => keyOf(rowNamed(name, lab.rows), seed, lab));
  return hashHex(hashText(JSON.stringify([lab.dataset.id, row.name, row.making, seed, needs]))).slice(0, 16);
}

function rowNamed(name: string, rows: readonly Row[]): Row {
  const row = rows.find((one) => one.name === name);
  if (!row) throw new Error(`There is no row ${name}.`);
  return row;
}

/** Everything of one seed. Predictors are the same objects wherever they are named, so that each runs once. */
function benchOf(seed: number, lab: Lab) {
  const { backend, dataset, records, log } = lab;
  const classes = dataset.classes.length;
  const labelsOf = (split: 'validation' | 'test'): Uint8Array => dataset.splits[split].labels;
  const signal = new AbortController().signal;
  const made = new Map<string, Promise<Predictor>>();
  const models = new Map<string, Model>();
  const seconds = new Map<string, number>();
  const answered = new Map<object, Map<string, Promise<Float32Array>>>();

  const ask =
    (split: 'validation' | 'test') =>
    (leaf: Leaf): Promise<Float32Array> => {
      const key = leaf.kind === 'model' ? leaf.model : leaf;
      const own = answered.get(key) ?? new Map<string, Promise<Float32Array>>();
      answered.set(key, own);
      const known = own.get(split) ?? leafLogits(backend, leaf, dataset, split);
      own.set(split, known);
      return known;
    };
  const judged = async (predictor: Predictor, split: 'validation' | 'test') =>
    judge(await scoresOf(predictor, ask(split), classes), labelsOf(split), classes);

  const predictorOf = (name: string): Promise<Predictor> => {
    const held = made.get(name) ?? found(rowNamed(name, lab.rows));
    made.set(name, held);
    return held;
  };
  const modelOf = async (name: string): Promise<Model> => {
    const predictor = await predictorOf(name);
    if (predictor.kind !== 'model') throw new Error(`Row ${name} is not one model.`);
    return predictor.model;
  };

  /** From the cache, or made now. What is only combined is fitted again. */
  async function found(row: Row): Promise<Predictor> {
    const file = `${lab.cache}/${keyOf(row, seed, lab)}.zip`;
    const isKept = row.making.kind !== 'combined';
    if (isKept && existsSync(file)) return read(file, new Uint8Array(readFileSync(file)));
    for (const need of needsOf(row)) await predictorOf(need);
    const begun = performance.now();
    const predictor = await make(row);
    seconds.set(row.name, (performance.now() - begun) / 1000);
    if (!isKept) return predictor;
    mkdirSync(lab.cache, { recursive: true });
    const bytes = await keptBytes(predictor, row.name);
    writeFileSync(file, bytes);
    // What goes on is what the next run would find.
    return read(file, bytes);
  }

  async function read(name: string, bytes: Uint8Array): Promise<Predictor> {
    return joined((await readPredictor([{ name, bytes }])).predictor);
  }

  /** With the models that are known already in place of their equals, so that what is shared counts and runs once. */
  function joined(predictor: Predictor): Predictor {
    const known = (model: Model): Model => {
      const id = modelId(model);
      const held = models.get(id) ?? model;
      models.set(id, held);
      return held;
    };
    switch (predictor.kind) {
      case 'model':
        return { kind: 'model', model: known(predictor.model) };
      case 'ensemble':
        return { ...predictor, members: predictor.members.map(joined) };
      case 'trees': {
        const { features } = predictor;
        if (features.kind === 'pixels') return predictor;
        return { ...predictor, features: { ...features, model: known(features.model) } };
      }
      default:
        throw predictor satisfies never;
    }
  }

  /** Rows of one seed do not draw the same numbers. */
  const seedOf = (name: string): number => Number.parseInt(hashHex(hashText(`${seed} ${name}`)).slice(0, 7), 16);

  async function make({ name, making }: Row): Promise<Predictor> {
    const contextOf = (of: number) =>
      makeContext({
        backend,
        dataset,
        seed: of,
        signal,
        progress() {},
        resolve: predictorOf,
        onTrain: reporter(log),
      });
    const own = seedOf(name);
    switch (making.kind) {
      case 'network': {
        const draw = seed + 1000 * (making.draw ?? 0);
        const start = createModel(architectureOf(making.network, dataset), draw);
        const recipe = { version: 1, seed: draw, steps: making.steps } as const;
        const { model } = await runRecipe(start, recipe, (_, stepSeed) => contextOf(stepSeed), PASSES);
        return { kind: 'model', model };
      }
      case 'trees': {
        const way = treeMethodById(making.method);
        const features = making.on
          ? ({ kind: 'layer', model: await modelOf(making.on.row), layer: making.on.layer } as const)
          : ({ kind: 'pixels' } as const);
        const seen = await featuresOf(backend, features, dataset, 'train');
        const data = { features: seen, labels: dataset.splits.train.labels, classes };
        const forest = await way.grow(data, clampValues(way.params, making.values), contextOf(own));
        return { kind: 'trees', features, forest, classes, shape: dataset.shape };
      }
      case 'made': {
        const way = makingById(making.making);
        const given = await Promise.all(making.models.map(modelOf));
        const { members, combined } = await way.make(given, clampValues(way.params, making.values), contextOf(own));
        return combined
          ? fitted(combined.way, combined.values, members, own, combined.state)
          : (members[0] as Predictor);
      }
      case 'combined':
        return fitted(making.way, making.values, await Promise.all(making.members.map(predictorOf)), own);
      default:
        throw making satisfies never;
    }
  }

  async function fitted(
    way: string,
    values: Values,
    members: readonly Predictor[],
    own: number,
    state?: EnsembleState,
  ): Promise<Predictor> {
    const logits: Float32Array[] = [];
    for (const member of members) logits.push(await scoresOf(member, ask('validation'), classes));
    const answers = { logits, labels: labelsOf('validation'), classes };
    return fitEnsemble(way, values, members, answers, { random: seededRandom(own) }, state);
  }

  async function measured(row: Row): Promise<void> {
    const key = keyOf(row, seed, lab);
    if (records.read().some((one) => one.key === key && one.row === row.name)) return;
    const predictor = await predictorOf(row.name);
    const { bundle, fileName } = await writePredictor(predictor, row.title, 'tfjs-layers', EXACT);
    const bytes = bundle.get(fileName) as Uint8Array;
    const back = (await readPredictor([{ name: fileName, bytes: bytes.slice() }])).predictor;
    const { correct, images } = judge(await logitsOf(backend, back, dataset, 'test'), labelsOf('test'), classes);
    const wrong = wrongIn(correct);
    const validation = await validationOf(row, predictor);
    const best = await bestOf(predictor);
    const { parameters, macs } = totalsOf(predictor);
    records.append({
      run: moment(),
      version: version(),
      machine: machine(),
      row: row.name,
      seed,
      key,
      bytes: bytes.length,
      graph: graphOf(predictor, row.title) ? 1 : 0,
      parameters,
      macs: Math.round(macs),
      seconds: Math.round(seconds.get(row.name) ?? 0),
      validation,
      images,
      errors: wrong.length,
      wrong,
      ...best,
    });
    const points = `${((100 * wrong.length) / images).toFixed(2)} % wrong`;
    const than = best.best > 0 ? `, its best member ${((100 * best.bestErrors) / images).toFixed(2)} %` : '';
    log(
      `  ${row.name}, seed ${seed}: ${points}${than}, ${bytes.length} bytes (${(seconds.get(row.name) ?? 0).toFixed(0)} s)`,
    );
  }

  /** Accuracy on validation; each image by what a way that learns there learned from the others. */
  async function validationOf({ name, making }: Row, predictor: Predictor): Promise<number> {
    if (making.kind !== 'combined' || predictor.kind !== 'ensemble')
      return (await judged(predictor, 'validation')).accuracy;
    const logits: Float32Array[] = [];
    for (const member of predictor.members) logits.push(await scoresOf(member, ask('validation'), classes));
    const labels = labelsOf('validation');
    const random = seededRandom(seedOf(name));
    const parts = heldOutParts({ logits, labels, classes }, random);
    return judge(await heldOutScores(making.way, making.values, parts, { random }), labels, classes).accuracy;
  }

  /** The member that validation images would choose, and how it fares on test. */
  async function bestOf(predictor: Predictor): Promise<Pick<RowRecord, 'best' | 'bestErrors' | 'bestWrong'>> {
    if (predictor.kind !== 'ensemble') return { best: 0, bestErrors: 0, bestWrong: [] };
    const accuracies: number[] = [];
    for (const member of predictor.members) accuracies.push((await judged(member, 'validation')).accuracy);
    const at = accuracies.indexOf(Math.max(...accuracies));
    const wrong = wrongIn((await judged(predictor.members[at] as Predictor, 'test')).correct);
    return { best: at + 1, bestErrors: wrong.length, bestWrong: wrong };
  }

  return { measured };
}

const wrongIn = (correct: Uint8Array): number[] => [...correct.keys()].filter((i) => !correct[i]);

/** Models as they are, ensembles with their members: as one graph they could not be combined or teach as before. */
async function keptBytes(predictor: Predictor, name: string): Promise<Uint8Array> {
  const { writeEnsemble } = await import('#formats/ensemble/write');
  const { bundle, fileName } =
    predictor.kind === 'model'
      ? await writePredictor(predictor, name, 'tfjs-layers', EXACT)
      : await writeEnsemble(predictor, name, EXACT);
  return bundle.get(fileName) as Uint8Array;
}
