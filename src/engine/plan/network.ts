/**
 * A whole network into a plan: its layers in order, from the images to logits, and the slots of any values in between
 * that somebody wants to look at. The same code serves inference, training, looking at activations, and teachers.
 */
import type { GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Tap } from '#core/pass';
import type { SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';
import { type Builder, reshaped, scaled } from '#engine/plan/builder';
import { type Lowering, lowerLayer } from '#engine/plan/forward';
import { type GridSlots, gridSlots, rounded } from '#engine/plan/grids';
import { logitsRule } from '#engine/plan/logits';

/** Where parameters and noise come from. */
export type Supply = Pick<Lowering, 'param' | 'batchStatistics' | 'noise'> & {
  /** A slot with the images, where there is one already; a new persistent one by default. */
  readonly images?: SlotId;
  /** Slots of a layer's activation grid, where there are some already; new persistent ones by default. */
  readonly grid?: (layer: string, grid: GridValues) => GridSlots | null;
};
export interface Network {
  /** [batch, ...input shape]. */
  readonly input: SlotId;
  /** [batch, classes]: logits, or probabilities where there is nothing before them. */
  readonly logits: SlotId;
  readonly probabilities: boolean;
  readonly classes: number;
  /** A slot for each tap that was asked for: [batch, ...shape]. */
  readonly taps: readonly SlotId[];
}

/** Appends the forward pass. Throws EngineError('data') for several inputs, and an Error for a tap on no such layer. */
export function forward(b: Builder, model: Model, batch: number, supply: Supply, taps: readonly Tap[] = []): Network {
  const shapes = shapesOf(model);
  const { replaced, unrounded, logSigmoid, probabilities } = logitsRule(model, shapes);
  const preactivations = new Map<string, SlotId | null>();
  for (const { layer, at } of taps) if (at === 'preactivation') preactivations.set(layer, null);
  const low: Lowering = { builder: b, batch, replaced, preactivations, ...supply };
  const values = new Map<string, SlotId>();
  const first = model.inputs[0] as string;
  const inputShape = [batch, ...(shapes[first] ?? [])];
  const input = supply.images === undefined ? b.persistent(inputShape) : reshaped(b, supply.images, inputShape);
  const onGrid = (layer: string, slot: SlotId): SlotId => {
    const grid = unrounded.has(layer) ? undefined : model.activationGrids?.[layer];
    return grid ? rounded(b, slot, grid, supply.grid?.(layer, grid) ?? gridSlots(b, grid)) : slot;
  };
  values.set(first, onGrid(first, input));
  for (const layer of reachable(model)) {
    if (layer.kind === 'input') {
      if (layer.name !== first) throw severalInputs();
      continue;
    }
    const inputs = layer.inputs.map((name) => values.get(name) as SlotId);
    values.set(layer.name, onGrid(layer.name, lowerLayer(low, layer, inputs, shapes[layer.name] ?? [])));
  }
  const output = values.get(model.outputs[0] as string) as SlotId;
  const classes = sizeOf(b.shape(output)) / batch;
  const flat = reshaped(b, output, [batch, classes]);
  const tapped = (tap: Tap): SlotId => {
    const layer = model.layers.find(({ name }) => name === tap.layer);
    const name = tap.at === 'input' ? layer?.inputs[0] : layer?.name;
    const before = tap.at === 'preactivation' ? preactivations.get(tap.layer) : null;
    const slot = before ?? values.get(name ?? '');
    if (slot === undefined) throw new Error(`no values at the ${tap.at} of ${tap.layer}`);
    return slot;
  };
  const logits = logSigmoid ? logOfSigmoid(b, flat) : flat;
  return { input, logits, probabilities, classes, taps: taps.map(tapped) };
}

/** log sigmoid(z) = -softplus(-z). */
function logOfSigmoid(b: Builder, z: SlotId): SlotId {
  const softplus = { fn: 'softplus', alpha: 0, max: Number.POSITIVE_INFINITY } as const;
  return scaled(b, b.push({ kind: 'activation', act: softplus }, [scaled(b, z, -1)], b.shape(z)), -1);
}

/** The layers that the first output depends on, in the model's order. */
export function reachable(model: Model): readonly Layer[] {
  const wanted = new Set([model.outputs[0] as string]);
  for (const layer of model.layers.toReversed()) {
    if (wanted.has(layer.name)) for (const name of layer.inputs) wanted.add(name);
  }
  return model.layers.filter((layer) => wanted.has(layer.name));
}

/** A network without logits cannot be trained, nor asked for gradients. */
export function onlyProbabilities(): EngineError {
  return new EngineError('plan', {
    en: 'This model ends in a mean of probabilities, so it cannot be trained here; its parts can.',
    zh: '该模型以概率的平均值结尾，因此无法在此训练；但它的各个部分可以单独训练。',
  });
}

function severalInputs(): EngineError {
  return new EngineError('data', {
    en: 'This model has more than one input; only models with one image input can be run on a data set.',
    zh: '该模型有多个输入；只有单一图像输入的模型才能在数据集上运行。',
  });
}
