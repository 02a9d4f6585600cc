/**
 * How much accuracy a model loses when one of its layers alone is made worse, at several levels, and a way to spread a
 * total amount over the layers so that each gives what it can spare: every layer is taken as far as the same loss lets it
 * (as Li et al. 2017, "Pruning Filters for Efficient ConvNets", and Han et al. 2015 choose by hand).
 */
import type { Model } from '#core/model/model';
import type { PassContext } from '#core/pass';

/** Validation images that a scan looks at. */
const SCAN_IMAGES = 1000;

/** The part of a training pass's progress that the scan before it takes. */
export const SCAN = 0.1;

export interface Scan {
  /** Accuracy of the model as it is, 0 to 1. */
  readonly before: number;
  /** For each layer, its accuracy alone at each level. */
  readonly accuracies: readonly (readonly number[])[];
}

/**
 * Accuracy on validation images with each layer alone degraded to each level. A degraded model that is the model itself
 * is not measured again. Takes layers x levels evaluations: it belongs in `prepare`. Throws where there is no data.
 */
export async function scanLayers<Layer>(
  model: Model,
  layers: readonly Layer[],
  levels: readonly number[],
  degrade: (model: Model, layer: Layer, level: number) => Model | Promise<Model>,
  { accuracy, progress, signal }: PassContext,
  images: number = SCAN_IMAGES,
): Promise<Scan> {
  const measure = (one: Model) => accuracy({ kind: 'model', model: one }, 'validation', images);
  const before = await measure(model);
  const accuracies: number[][] = [];
  for (const [i, layer] of layers.entries()) {
    const row: number[] = [];
    for (const [k, level] of levels.entries()) {
      signal.throwIfAborted();
      const degraded = await degrade(model, layer, level);
      row.push(degraded === model ? before : await measure(degraded));
      progress((i + (k + 1) / levels.length) / layers.length);
    }
    accuracies.push(row);
  }
  return { before, accuracies };
}

/** A point of a layer's curve: with this share (0 to 1) gone, it has lost this much. Both ascend strictly. */
interface CurvePoint {
  readonly share: number;
  readonly loss: number;
}
export type Curve = readonly CurvePoint[];

/** Layers that lose nothing measurable still count a little for every weight they give: a point of accuracy for all. */
const SLOPE = 0.01;

/** Each layer's loss of accuracy by the share that goes; never falling, and 0 with nothing gone. `levels` ascend up to 1. */
export function curvesOf(levels: readonly number[], { before, accuracies }: Scan): readonly Curve[] {
  return accuracies.map((row) => {
    let worst = 0;
    const points = levels.map((share, k) => {
      worst = Math.max(worst, before - (row[k] as number));
      return { share, loss: worst + SLOPE * share };
    });
    return [{ share: 0, loss: 0 }, ...points];
  });
}

export interface Portion {
  /** How many can go. */
  readonly size: number;
  /** How many are gone already. */
  readonly gone: number;
  readonly curve: Curve;
}

/**
 * How many go from each, `total` (or what is gone already, where that is more) together: each as many as its curve allows
 * at one common loss. Parts of one are settled in favour of the largest.
 */
export function spread(portions: readonly Portion[], total: number): readonly number[] {
  const already = portions.reduce((sum, { gone }) => sum + gone, 0);
  if (total <= already) return portions.map(({ gone }) => gone);
  const atLoss = (loss: number): number[] =>
    portions.map(({ size, gone, curve }) => Math.max(gone, size * shareAt(curve, loss)));
  let low = 0;
  let high = Math.max(...portions.map(({ curve }) => curve.at(-1)?.loss ?? 0));
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (atLoss(middle).reduce((sum, count) => sum + count, 0) < total) low = middle;
    else high = middle;
  }
  return wholeCounts(atLoss(high), portions, total);
}

/** `spread` over parts with these curves, so that together this share of all (0 to 1) goes. */
export function spreadShare(
  parts: readonly Omit<Portion, 'curve'>[],
  curves: readonly Curve[],
  share: number,
): readonly number[] {
  const portions = parts.map((part, i): Portion => ({ ...part, curve: curves[i] as Curve }));
  return spread(portions, Math.round(share * portions.reduce((sum, { size }) => sum + size, 0)));
}

/** The largest share that loses no more. */
function shareAt(curve: Curve, loss: number): number {
  let before = curve[0] as CurvePoint;
  for (const point of curve) {
    if (point.loss > loss)
      return before.share + ((point.share - before.share) * (loss - before.loss)) / (point.loss - before.loss);
    before = point;
  }
  return before.share;
}

/** Whole numbers that sum to `total`, none below what is gone or above its size. */
function wholeCounts(counts: readonly number[], portions: readonly Portion[], total: number): readonly number[] {
  const whole = counts.map((count) => Math.floor(count + 1e-9));
  const order = counts
    .map((count, i) => ({ i, rest: count - (whole[i] as number) }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  let left = total - whole.reduce((sum, count) => sum + count, 0);
  while (left !== 0) {
    const step = Math.sign(left);
    const before = left;
    for (const { i } of step > 0 ? order : order.toReversed()) {
      const next = (whole[i] as number) + step;
      const { size, gone } = portions[i] as Portion;
      if (left === 0 || next > size || next < gone) continue;
      whole[i] = next;
      left -= step;
    }
    if (left === before) break;
  }
  return whole;
}
