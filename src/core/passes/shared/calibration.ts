/**
 * Which outputs of a model are rounded where activations are quantized, and what their values look like on training images.
 *
 * Placed as runtimes with integer arithmetic place them: behind a layer and the normalisation and activation that run with it, not in
 * between; not behind layers that only pick or move values, which stay on their grid; and never on probabilities, which
 * are computed in float.
 */
import { layerOf } from '#core/model/edit';
import type { Layer, LayerKind } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { type Extent, extentOf, gatherer, type Spread } from '#core/numeric/spread';
import type { Words } from '#core/params';
import type { PassContext, Tap } from '#core/pass';
import { checkMeasured, showImages } from '#core/passes/shared/importance';
import { outerLayers } from '#core/passes/shared/outer-layers';
import { layersThatRun } from '#core/passes/shared/selection';
import { within } from '#core/passes/shared/within';
import { counted } from '#core/passes/shared/words';

/** Layers whose outputs are values of their inputs: what they read is on a grid already. */
const MOVERS: readonly LayerKind[] = [
  'maxPool2d',
  'globalMaxPool2d',
  'flatten',
  'reshape',
  'dropout',
  'zeroPad2d',
  'crop2d',
];
/** Layers that run as part of the one before them. */
const FOLLOWERS: readonly LayerKind[] = ['batchNorm', 'activation', 'prelu'];
const LEADERS: readonly LayerKind[] = ['conv2d', 'depthwiseConv2d', 'dense', 'batchNorm', 'add', 'subtract'];

const isSoftmax = (layer: Layer): boolean => 'activation' in layer && layer.activation.fn === 'softmax';

/** Names of the layers whose outputs are rounded, in order, of those that lead to the model's first output. */
export function roundedEdges(model: Model): readonly string[] {
  const runs = layersThatRun(model);
  const readers = new Map<string, Layer[]>();
  for (const layer of model.layers)
    for (const input of new Set(layer.inputs)) readers.set(input, [...(readers.get(input) ?? []), layer]);
  return model.layers.flatMap((layer) => {
    if (!runs.has(layer.name) || MOVERS.includes(layer.kind) || isSoftmax(layer)) return [];
    if (layer.kind === 'upsample2d' && layer.interpolation === 'nearest') return [];
    const next = readers.get(layer.name) ?? [];
    const runsOn =
      LEADERS.includes(layer.kind) &&
      next.length > 0 &&
      !model.outputs.includes(layer.name) &&
      next.every((reader) => FOLLOWERS.includes(reader.kind) && !isSoftmax(reader));
    return runsOn ? [] : [layer.name];
  });
}

/** The rounded edge that a layer's first input comes from, through layers that only move values; undefined where there is none. */
export function edgeBefore(model: Model, layer: Layer, edges: readonly string[]): string | undefined {
  const byName = new Map(model.layers.map((one) => [one.name, one]));
  let name = layer.inputs[0];
  while (name !== undefined && !edges.includes(name)) {
    const source = byName.get(name);
    name = source && (MOVERS.includes(source.kind) || source.kind === 'upsample2d') ? source.inputs[0] : undefined;
  }
  return name;
}

/**
 * Edges that keep 8 bits however few the others get: the image, the answer, and with `last` what the last layer with
 * weights reads.
 */
export function wideEdges(model: Model, edges: readonly string[], last: boolean): ReadonlySet<string> {
  const softmax = model.layers.filter((layer) => model.outputs.includes(layer.name) && isSoftmax(layer));
  const logits = softmax.flatMap((layer) => (layer.kind === 'activation' ? layer.inputs : []));
  const layer = layerOf(model, last ? (outerLayers(model).at(-1) ?? '') : '');
  const before = layer ? edgeBefore(model, layer, edges) : undefined;
  return new Set(
    [...model.inputs, ...model.outputs, ...logits, ...(before === undefined ? [] : [before])].filter((name) =>
      edges.includes(name),
    ),
  );
}

/** What is rounded, on what it was measured, and what stands in the way of doing it as runtimes do. */
export function edgeNotes(model: Model, images: number, bits: number): readonly Words[] {
  const grids = Object.entries(model.activationGrids ?? {});
  const wide = grids.flatMap(([name, grid]) => (grid.bits > bits ? [name] : []));
  const notes: Words[] = [
    {
      en: `${grids.length} outputs are rounded, calibrated on ${counted(images, 'training image')}.${wide.length > 0 ? ` With 8 bits: ${wide.join(', ')}.` : ''}`,
      zh: `共有 ${grids.length} 处输出被舍入，用 ${images} 张训练图片校准。${wide.length > 0 ? `其中使用 8 位的：${wide.join('、')}。` : ''}`,
    },
  ];
  if (model.layers.some(({ kind }) => kind === 'batchNorm'))
    notes.push({
      en: 'The model has batch normalisation, which runtimes fold into the weights before they round them: fold it first.',
      zh: '模型含有批归一化，运行时会先把它并入权重再舍入：请先合并批归一化。',
    });
  return notes;
}

/** What a model's layers show on the calibration images. */
export interface Calibration {
  readonly images: number;
  /** By layer name, of its output. */
  readonly spreads: ReadonlyMap<string, Spread>;
}

/** Numbers that a batch of captured values may hold. */
const CAPTURED = 1.6e7;

/** How many images to show at once where so many numbers of each are looked at: large networks are shown one by one. */
export function batchFor(perImage: number): number {
  return Math.max(1, Math.min(64, Math.floor(CAPTURED / Math.max(1, perImage))));
}

/** Two sweeps over the images: one for the extents, one for the histograms between them. Throws PassError for values that are not finite. */
export async function calibrate(
  model: Model,
  layers: readonly string[],
  images: number,
  context: PassContext,
): Promise<Calibration> {
  const taps = layers.map((layer): Tap => ({ layer, at: 'output' }));
  const shapes = shapesOf(model);
  const batch = batchFor(layers.reduce((sum, name) => sum + sizeOf(shapes[name] ?? []), 0));
  const extents: Extent[] = layers.map(() => ({ low: 0, high: 0 }));
  const counts = layers.map(() => 0);
  /** Of each layer's values: no number, where one of them is none. */
  const sums = new Float64Array(layers.length);
  const seen = await showImages(model, { taps, images, batch }, within(context, 0, 0.5), ({ values }) => {
    for (const [i, one] of values.entries()) {
      extents[i] = extentOf(one, extents[i]);
      counts[i] = (counts[i] as number) + one.length;
      for (let k = 0; k < one.length; k++) sums[i] = (sums[i] as number) + (one[k] as number);
    }
  });
  checkMeasured([sums]);
  const gatherers = extents.map((extent, i) => gatherer(extent, counts[i] as number));
  await showImages(model, { taps, images, batch }, within(context, 0.5, 0.5), ({ values }) => {
    for (const [i, one] of values.entries()) gatherers[i]?.add(one);
  });
  return { images: seen, spreads: new Map(gatherers.map(({ spread }, i) => [layers[i] as string, spread()])) };
}
