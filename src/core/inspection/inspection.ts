/**
 * What became of one layer's weights from one model to another: how they are spread before and after, on which values they
 * may lie, how many are zero and how many differ, and the kernels as small pictures. Numbers alone; words are the page's.
 */
import { type Histogram, histogramOf } from '#core/inspection/histogram';
import { type Kept, keptChannels } from '#core/inspection/kept';
import { type Kernel, kernelOf, placeIn } from '#core/inspection/kernel';
import { type Levels, levelsOf } from '#core/inspection/levels';
import { layoutOf, type Picture, pictureOf } from '#core/inspection/picture';
import { chainOf, productOf } from '#core/inspection/product';
import { countDistinct, countNonZero } from '#core/metrics/size';
import { layerOf } from '#core/model/edit';
import { isWeighted, type Layer, type LayerKind } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { quantile } from '#core/numeric/quantile';

export interface KernelFacts {
  /** Of each layer that stands for it, first to last: more than one where it was split. */
  readonly parts: readonly { readonly layer: string; readonly shape: readonly number[] }[];
  /** Over all parts. */
  readonly weights: number;
  readonly zeros: number;
  /** Different values, 0 among them. */
  readonly distinct: number;
  /** The least and the largest weight, of several parts multiplied out. */
  readonly low: number;
  readonly high: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Null where any value is allowed. */
  readonly levels: Levels | null;
  /** Null where several layers cannot be multiplied out. */
  readonly picture: Picture | null;
}

/** Weight by weight, over those that are there before and after. */
export interface Change {
  readonly compared: number;
  /** Not zero before and zero after. */
  readonly zeroed: number;
  /** Whether none of those that stayed was closer to zero than any that became zero. */
  readonly smallestFirst: boolean;
  /** Zero before and not after. */
  readonly revived: number;
  /** All that differ. */
  readonly moved: number;
  /** Of those that differ and did not become zero: the mean of |difference|. */
  readonly meanMove: number;
  /** The root of the sum of squared differences over that of squared weights before. */
  readonly relativeError: number;
  /** How many lay beyond the new least or largest weight and are at it now; 0 where anything else moved too. */
  readonly clipped: number;
}

export interface Inspection {
  readonly layer: string;
  readonly kind: LayerKind;
  /** Counts before and, where there is an after, after. */
  readonly histogram: Histogram;
  readonly before: KernelFacts;
  /** Null where the layer is gone. */
  readonly after: KernelFacts | null;
  /** Null where the weights cannot be put side by side: other shapes, other windows. */
  readonly change: Change | null;
  /** Whether `after.picture` shows channels where they were before, and marks those that are gone. */
  readonly placed: boolean;
}

const bins = 61;

/** Names of the layers that can be looked at. */
export function inspectable(model: Model): readonly string[] {
  return model.layers.filter(isWeighted).map(({ name }) => name);
}

/** Null where `before` has no layer of this name with a kernel. */
export function inspectLayer(before: Model, after: Model, name: string): Inspection | null {
  const layer = layerOf(before, name);
  if (!isWeighted(layer)) return null;
  const old = kernelOf(before, layer);
  const chain = chainOf(before, after, name).filter(isWeighted);
  const own = chain.length > 1 ? productOf(after, chain) : chain[0] ? kernelOf(after, chain[0]) : null;
  const kept = own && keptChannels(old, own);
  const layout = layoutOf(old, imageBefore(before, layer, old));
  const scale = scaleOf(old);
  const histogram = histogramOf(own ? [old.tensor.data, own.tensor.data] : [old.tensor.data], bins);
  return {
    layer: name,
    kind: layer.kind,
    histogram,
    before: factsOf([{ name, kernel: old }], old, pictureOf(old, layout, scale)),
    after:
      chain.length === 0
        ? null
        : factsOf(
            chain.map((part) => ({ name: part.name, kernel: kernelOf(after, part) })),
            own,
            own && (kept ? pictureOf(own, layout, scale, kept) : pictureOf(own, layoutOf(own, null), scaleOf(own))),
          ),
    change: own && kept && changeOf(old, own, kept),
    placed: kept !== null,
  };
}

function factsOf(
  parts: readonly { readonly name: string; readonly kernel: Kernel }[],
  whole: Kernel | null,
  picture: Picture | null,
): KernelFacts {
  const arrays = parts.map(({ kernel }) => kernel.tensor.data);
  const weights = arrays.reduce((sum, data) => sum + data.length, 0);
  const [low, high] = whole ? endsOf(whole.tensor.data) : [0, 0];
  const [only] = parts;
  return {
    parts: parts.map(({ name, kernel }) => ({ layer: name, shape: kernel.tensor.shape })),
    weights,
    zeros: arrays.reduce((sum, data) => sum + data.length - countNonZero(data), 0),
    distinct: countDistinct(arrays),
    low,
    high,
    inputs: whole?.inputs ?? 0,
    outputs: whole?.outputs ?? 0,
    levels: parts.length === 1 && only ? levelsOf(only.kernel.tensor.encoding) : null,
    picture,
  };
}

function endsOf(data: Float32Array): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const w = data[i] as number;
    if (w < low) low = w;
    if (w > high) high = w;
  }
  return [low, high];
}

function changeOf(before: Kernel, after: Kernel, kept: Kept): Change {
  const [old, own] = [before.tensor.data, after.tensor.data];
  const [low, high] = endsOf(own);
  const count = { zeroed: 0, revived: 0, moved: 0, clipped: 0 };
  let largestZeroed = 0;
  let smallestKept = Number.POSITIVE_INFINITY;
  let distance = 0;
  let squares = 0;
  let errors = 0;
  const compare = (w: number, v: number): void => {
    const difference = Math.abs(v - w);
    squares += w * w;
    errors += difference * difference;
    if (v !== 0 && Math.abs(w) < smallestKept) smallestKept = Math.abs(w);
    if (difference === 0) return;
    count.moved++;
    if (v === 0) {
      count.zeroed++;
      if (Math.abs(w) > largestZeroed) largestZeroed = Math.abs(w);
      return;
    }
    distance += difference;
    if (w === 0) count.revived++;
    if ((w < low && v === low) || (w > high && v === high)) count.clipped++;
  };
  if (old.length === own.length) for (let k = 0; k < own.length; k++) compare(old[k] as number, own[k] as number);
  else {
    for (let y = 0; y < after.height; y++) {
      for (let x = 0; x < after.width; x++) {
        for (const [i, oldIn] of kept.inputs.entries()) {
          for (const [o, oldOut] of kept.outputs.entries())
            compare(old[placeIn(before, oldOut, oldIn, y, x)] as number, own[placeIn(after, o, i, y, x)] as number);
        }
      }
    }
  }
  const walked = count.moved - count.zeroed;
  return {
    compared: own.length,
    zeroed: count.zeroed,
    smallestFirst: largestZeroed <= smallestKept,
    revived: count.revived,
    moved: count.moved,
    meanMove: walked === 0 ? 0 : distance / walked,
    relativeError: squares === 0 ? 0 : Math.sqrt(errors / squares),
    clipped: count.clipped === count.moved ? count.clipped : 0,
  };
}

/** What is drawn in full colour: nearly the largest weight, so that one far out does not make all others pale. */
function scaleOf({ tensor: { data } }: Kernel): number {
  const every = Math.max(1, Math.floor(data.length / 4096));
  const some: number[] = [];
  for (let i = 0; i < data.length; i += every) if (data[i] !== 0) some.push(Math.abs(data[i] as number));
  return some.length === 0 ? 1 : quantile(Float32Array.from(some).sort(), 0.99);
}

/** Height and width where a dense layer reads an image of one channel, pixel by pixel. */
function imageBefore(model: Model, layer: Layer, kernel: Kernel): readonly [number, number] | null {
  if (layer.kind !== 'dense') return null;
  const source = layerOf(model, layer.inputs[0] as string);
  if (source?.kind !== 'flatten') return null;
  const [height, width, channels] = shapesOf(model)[source.inputs[0] as string] ?? [];
  return channels === 1 && height && width && height * width === kernel.inputs ? [height, width] : null;
}
