/**
 * Which layers of a teacher and a student are compared, where a distillation looks inside. Candidates are the ends of stages: a layer with weights or an
 * add, with the normalisation and activation behind it, but for the one that gives the answers. Attention compares images of one size: for each
 * size that both networks have, the last of it in each (Zagoruyko and Komodakis 2017, the ends of their groups). A hint is the pair nearest to a depth
 * asked for, the middle by default (Romero et al. 2015); of equally near ones, images of one size go first. A student's image smaller than the teacher's
 * cannot be brought to its size, and is passed over.
 */
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { layersThatRun } from '#core/passes/shared/selection';

export interface LayerPair {
  readonly teacherLayer: string;
  readonly studentLayer: string;
}

interface Point {
  readonly name: string;
  readonly shape: readonly number[];
  /** How far along the network's layers with weights, above 0 to below 1. */
  readonly depth: number;
}

const FOLLOWS: ReadonlySet<Layer['kind']> = new Set(['batchNorm', 'activation', 'prelu']);

function pointsOf(model: Model): readonly Point[] {
  const shapes = shapesOf(model);
  const runs = layersThatRun(model);
  const starts = model.layers.filter((layer) => runs.has(layer.name) && ('kernel' in layer || layer.kind === 'add'));
  const ends = starts.map(({ name }) => endOf(model, name));
  return ends
    .map((name, i) => ({ name, shape: shapes[name] as readonly number[], depth: (i + 1) / ends.length }))
    .filter(({ name }, i) => i < ends.length - 1 && !model.outputs.includes(name) && ends.indexOf(name) === i);
}

/** Where the chain of normalisation and activation behind a layer ends. */
function endOf(model: Model, name: string): string {
  const readers = model.layers.filter(({ inputs }) => inputs.includes(name));
  const next = readers[0];
  if (readers.length !== 1 || !next || !FOLLOWS.has(next.kind) || model.outputs.includes(name)) return name;
  return endOf(model, next.name);
}

/** One pair for each size of image that both networks have (more than one pixel); empty where there is none. */
export function attentionPairs(teacher: Model, student: Model): readonly LayerPair[] {
  const lastOfSize = (model: Model): ReadonlyMap<string, string> =>
    new Map(
      pointsOf(model)
        .filter(({ shape: [h = 1, w = 1, c] }) => c !== undefined && h * w > 1)
        .map(({ name, shape }) => [`${shape[0]} x ${shape[1]}`, name]),
    );
  const students = lastOfSize(student);
  return [...lastOfSize(teacher)].flatMap(([size, teacherLayer]) => {
    const studentLayer = students.get(size);
    return studentLayer ? [{ teacherLayer, studentLayer }] : [];
  });
}

/** The pair nearest to this depth (0 to 1) in both networks; null where there is none, as where one of them has no layer before its answers. */
export function hintPair(teacher: Model, student: Model, depth: number): LayerPair | null {
  let best: { readonly pair: LayerPair; readonly distance: number } | null = null;
  for (const t of pointsOf(teacher)) {
    for (const s of pointsOf(student)) {
      const images = t.shape.length === 3 && s.shape.length === 3;
      if (images && [0, 1].some((side) => (s.shape[side] as number) < (t.shape[side] as number))) continue;
      const alike = t.shape.length === s.shape.length && t.shape.slice(0, -1).every((side, i) => side === s.shape[i]);
      const distance = Math.abs(t.depth - depth) + Math.abs(s.depth - depth) + (alike ? 0 : 0.25);
      if (!best || distance < best.distance - 1e-9)
        best = { pair: { teacherLayer: t.name, studentLayer: s.name }, distance };
    }
  }
  return best?.pair ?? null;
}
