/**
 * What a classifier's output means. Metrics and losses work on logits, what precedes the softmax, so a final softmax is
 * left out of every plan; a final sigmoid becomes log p, that is -softplus(-z). Where only probabilities exist (a mean
 * of softmaxes, say) the host takes log p of what it reads, and such a model cannot be trained.
 */

import { type Activation, isWeighted, type Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { holdsProbabilities } from '#core/model/probabilities';
import { sizeOf } from '#core/model/tensor';

export interface LogitsRule {
  /** Layers whose final activation is left out, and what stands in its place. */
  readonly replaced: ReadonlyMap<string, Activation>;
  /** Layers from the replaced one on: they give logits, so grids for what they would give do not apply. */
  readonly unrounded: ReadonlySet<string>;
  /** True: the first output is log p = -softplus(-z) of what the plan made. */
  readonly logSigmoid: boolean;
  /** True: the output holds probabilities, and logits are their logarithms. */
  readonly probabilities: boolean;
}

const LINEAR_ACTIVATION: Activation = { fn: 'linear' };

/** How to get logits from the model's first output; `shapes` without the batch, by layer name. */
export function logitsRule(model: Model, shapes: Readonly<Record<string, readonly number[]>>): LogitsRule {
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const readers = new Map<string, number>();
  for (const layer of model.layers) for (const name of layer.inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  const output = model.outputs[0] as string;
  const classes = sizeOf(shapes[output] ?? []);
  let layer = byName.get(output);
  let alone = (readers.get(output) ?? 0) === 0;
  const unrounded = new Set<string>();
  while (layer) {
    unrounded.add(layer.name);
    const fn = finalActivation(layer)?.fn;
    const overClasses = shapes[layer.name]?.at(-1) === classes;
    if (alone && overClasses && (fn === 'softmax' || fn === 'sigmoid')) {
      return {
        replaced: new Map([[layer.name, LINEAR_ACTIVATION]]),
        unrounded,
        logSigmoid: fn === 'sigmoid',
        probabilities: false,
      };
    }
    const through: boolean =
      layer.kind === 'flatten' ||
      layer.kind === 'reshape' ||
      layer.kind === 'dropout' ||
      (layer.kind === 'activation' && fn === 'linear');
    if (!through) break;
    layer = byName.get(layer.inputs[0] as string);
    alone &&= layer !== undefined && readers.get(layer.name) === 1;
  }
  return {
    replaced: new Map(),
    unrounded: new Set(),
    logSigmoid: false,
    probabilities: holdsProbabilities(model, output),
  };
}

function finalActivation(layer: Layer): Activation | undefined {
  return isWeighted(layer) || layer.kind === 'activation' ? layer.activation : undefined;
}
