/**
 * Whether what a layer gives are probabilities, as far as the graph shows it: a softmax, a mean of several, or shares of
 * groups times shares within them. Whoever needs logits takes their logarithms.
 */
import { layerOf, tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';

/** True where the layer of this name gives non-negative numbers that sum to 1. */
export function holdsProbabilities(model: Model, name: string): boolean {
  const layer = layerOf(model, name);
  if (!layer) return false;
  const { kind } = layer;
  if ('activation' in layer && layer.activation.fn === 'softmax') return true;
  if (kind === 'add') return isWeightedMean(model, layer);
  if (kind === 'multiply') return layer.inputs.every((input) => isShares(model, input));
  const through = kind === 'flatten' || kind === 'reshape' || kind === 'dropout' || kind === 'average';
  return through && layer.inputs.every((input) => holdsProbabilities(model, input));
}

/** Probabilities times weights that sum to 1, added up. */
function isWeightedMean(model: Model, { inputs }: Layer): boolean {
  let sum = 0;
  for (const name of inputs) {
    const layer = layerOf(model, name);
    if (layer?.kind !== 'rescale' || layer.offset !== 0 || !(layer.scale >= 0)) return false;
    if (!holdsProbabilities(model, layer.inputs[0] as string)) return false;
    sum += layer.scale;
  }
  return Math.abs(sum - 1) < 1e-5;
}

/** Probabilities added up or put in place by a matrix of zeros and ones, which is how a chain of tasks is written. */
function isShares(model: Model, name: string): boolean {
  const layer = layerOf(model, name);
  if (layer?.kind === 'add') return layer.inputs.every((input) => isShares(model, input));
  if (layer?.kind !== 'dense' || layer.bias !== undefined || layer.activation.fn !== 'linear') return false;
  const kernel = tensorOf(model, layer, 'kernel');
  const isZerosAndOnes = kernel?.data.every((value) => value === 0 || value === 1) ?? false;
  return isZerosAndOnes && holdsProbabilities(model, layer.inputs[0] as string);
}
