/** Reads back what `write` wrote, as a predictor. The loader in the zip is left aside: nothing that a file brings is run. */
import type { Ensemble } from '#core/ensembles/ensemble';
import { ENSEMBLES } from '#core/ensembles/index';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { clampValues, type Values } from '#core/params';
import type { EnsembleState, Predictor } from '#core/predictor';
import { readForest } from '#formats/ensemble/forest';
import { FORMAT, type ForestEntry, MANIFEST, VERSION } from '#formats/ensemble/manifest';
import type { Bundle, Note } from '#formats/format';
import { isObject, type JsonObject, own, readJson, textOf } from '#formats/json';
import { HINTS, refuse } from '#formats/refuse';
import { read as readLayers } from '#formats/tfjs-layers/read';

/** Members of members of members. */
const MOST_DEPTH = 8;
const MOST_MEMBERS = 200;
const MOST_CLASSES = 10_000;

/** Whether these files are an ensemble's. */
export function isEnsemble(bundle: Bundle): boolean {
  const manifest = bundle.get(MANIFEST);
  return manifest !== undefined && textOf(manifest.subarray(0, 200)).includes(`"${FORMAT}"`);
}

/** Throws ReadError. */
export async function readEnsemble(bundle: Bundle): Promise<{
  readonly predictor: Predictor;
  readonly name: string;
  readonly notes: readonly Note[];
}> {
  const manifest = readJson(bundle.get(MANIFEST) ?? new Uint8Array(0), MANIFEST);
  if (!isObject(manifest) || own(manifest, 'format') !== FORMAT) bad('format');
  if (own(manifest, 'version') !== VERSION)
    refuse(
      'ensemble-version',
      { file: MANIFEST, where: 'version' },
      { en: 'It was written by a later version.', zh: '它由更新的版本写出。' },
      { en: 'Open it with that version.', zh: '请用该版本打开。' },
    );
  const notes: Note[] = [];
  const models: Model[] = [];
  for (const entry of list(own(manifest, 'networks'), 'networks')) {
    const [file, weights] = [text(own(entry, 'file'), 'file'), text(own(entry, 'weights'), 'weights')];
    const read = await readLayers(new Map([file, weights].map((path) => [path, bytesOf(bundle, path)])));
    models.push(read.model);
    notes.push(...read.notes);
  }
  const input = own(manifest, 'input');
  const shape = Array.isArray(input) && input.every((size) => isCount(size, 1)) ? (input as number[]) : bad('input');
  const classes = own(manifest, 'classes');
  if (!isCount(classes, 1) || classes > MOST_CLASSES) bad('classes');
  const part = own(manifest, 'predictor');
  const name = own(manifest, 'name');
  return {
    predictor: partOf(part, { bundle, models, shape, classes }, 0),
    name: typeof name === 'string' && name.length <= 200 ? name : '',
    notes,
  };
}

interface Around {
  readonly bundle: Bundle;
  readonly models: readonly Model[];
  readonly shape: readonly number[];
  readonly classes: number;
}

function partOf(part: unknown, around: Around, depth: number): Predictor {
  if (!isObject(part) || depth > MOST_DEPTH) return bad('predictor');
  switch (own(part, 'kind')) {
    case 'model': {
      const model = modelAt(part, around);
      const shapes = shapesOf(model);
      if (sizeOf(shapes[model.outputs[0] as string] ?? []) !== around.classes) bad('classes');
      return { kind: 'model', model };
    }
    case 'trees':
      return treesOf(part, around);
    case 'ensemble': {
      const way = ENSEMBLES.find(({ id }) => id === own(part, 'way'));
      if (!way)
        return refuse(
          'ensemble-way',
          { file: MANIFEST, where: 'way' },
          { en: 'It combines its members in a way that is not known here.', zh: '它的组合方式在这里未知。' },
          { en: 'Open its members one by one.', zh: '请逐个打开其成员。' },
        );
      const values = own(part, 'values');
      const state = own(part, 'state');
      const members = list(own(part, 'members'), 'members');
      const { least, most = MOST_MEMBERS } = way.members;
      if (!isObject(state) || members.length < least || members.length > most) bad('members');
      const valid = clampValues(way.params, isObject(values) ? values : {}) as Values;
      assertCombines(way, valid, state as EnsembleState, members.length, around.classes);
      return {
        kind: 'ensemble',
        way: way.id,
        values: valid,
        state: state as EnsembleState,
        members: members.map((member) => partOf(member, around, depth + 1)),
      };
    }
    default:
      return bad('kind');
  }
}

/** What was learned fits so many members and classes: tried on one image of which nobody says anything. */
function assertCombines(way: Ensemble, values: Values, state: EnsembleState, members: number, classes: number): void {
  const nothing = Array.from({ length: members }, () => new Float32Array(classes));
  try {
    way.combine(nothing, classes, values, state);
  } catch {
    bad('state');
  }
}

function treesOf(part: JsonObject, around: Around): Predictor {
  const { bundle, shape, classes } = around;
  const looked = own(part, 'features');
  const forest = own(part, 'forest');
  if (!isObject(looked) || !isObject(forest)) return bad('forest');
  const entry = forestEntry(forest, classes);
  const layer = own(looked, 'layer');
  const isPixels = own(looked, 'kind') === 'pixels';
  if (!isPixels && typeof layer !== 'string') bad('features');
  const model = isPixels ? null : modelAt(looked, around);
  if (model && !model.layers.some(({ name }) => name === layer)) bad('features');
  try {
    return {
      kind: 'trees',
      features: model ? { kind: 'layer', model, layer: layer as string } : { kind: 'pixels' },
      forest: readForest(bytesOf(bundle, entry.file), entry),
      classes,
      shape,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse(
      'ensemble-trees',
      { file: entry.file, where: '' },
      { en: `Its trees are damaged: ${error.message}.`, zh: `其中的树已损坏：${error.message}。` },
      HINTS.downloadAgain,
    );
  }
}

function forestEntry(forest: JsonObject, classes: number): ForestEntry {
  const [kind, start, nodes, outputs, values] = ['kind', 'start', 'nodes', 'outputs', 'values'].map((key) =>
    own(forest, key),
  );
  const isSum = kind === 'sum';
  if (!isSum && kind !== 'mean') bad('forest');
  if (!Array.isArray(nodes) || !nodes.every((count) => isCount(count, 1)) || !isCount(values, 0)) return bad('forest');
  if (!Array.isArray(start) || start.length !== (isSum ? classes : 0) || !start.every(Number.isFinite)) bad('forest');
  if (outputs !== (isSum ? 1 : classes)) bad('forest');
  return {
    file: text(own(forest, 'file'), 'forest'),
    kind: kind as ForestEntry['kind'],
    start: start as number[],
    nodes: nodes as number[],
    outputs: outputs as number,
    values,
  };
}

function modelAt(part: JsonObject, { models, shape }: Around): Model {
  const network = own(part, 'network');
  const model = typeof network === 'number' ? models[network] : undefined;
  if (!model || String(shapesOf(model)[model.inputs[0] as string]) !== String(shape)) return bad('network');
  return model;
}

function bytesOf(bundle: Bundle, file: string): Uint8Array {
  return (
    bundle.get(file) ??
    refuse(
      'missing-shards',
      { file: MANIFEST, where: file },
      { en: 'It names a file that is not there.', zh: '它提到的文件不在其中。' },
      {
        en: 'Drop all files of the zip together, or the zip itself.',
        zh: '请一起拖入压缩包中的全部文件，或压缩包本身。',
      },
    )
  );
}

const isCount = (value: unknown, least: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= 100_000_000;

function text(value: unknown, where: string): string {
  return typeof value === 'string' && value !== '' ? value : bad(where);
}

function list(value: unknown, where: string): readonly JsonObject[] {
  return Array.isArray(value) && value.length <= MOST_MEMBERS && value.every(isObject) ? value : bad(where);
}

function bad(where: string): never {
  return refuse(
    'bad-ensemble',
    { file: MANIFEST, where },
    { en: 'What it says of the members is broken here.', zh: '它对成员的描述在此处有误。' },
    HINTS.exportAgain,
  );
}
