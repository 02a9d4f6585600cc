/**
 * How much of what numbers say is left after rounding: the power of the signal over that of the error, in decibels. 6 dB
 * are one bit. Weights are compared directly; which layer hurts most is also seen by letting one layer alone be rounded.
 */
import { layerOf, prunableTensors, tensorOf, withActivationGrids, withTensors } from '#core/model/edit';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';

/** 10 log10(sum x^2 / sum (x - x')^2): infinite where nothing changed, 0 or less where nothing is left. */
export function signalToNoise(exact: ArrayLike<number>, rounded: ArrayLike<number>): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < exact.length; i++) {
    const x = exact[i] as number;
    signal += x * x;
    noise += (x - (rounded[i] as number)) ** 2;
  }
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}

export interface LayerNoise {
  readonly layer: string;
  /** Of the layer's kernel. */
  readonly decibels: number;
}

/** Of each layer whose kernel is of the same shape in both models and differs, in layer order. */
export function weightNoise(exact: Model, rounded: Model): readonly LayerNoise[] {
  return prunableTensors(exact).flatMap(({ layer, tensor }) => {
    const other = layerOf(rounded, layer.name);
    const kernel = other && tensorOf(rounded, other, 'kernel');
    if (!kernel || kernel.id === tensor.id || kernel.data.length !== tensor.data.length) return [];
    const decibels = signalToNoise(tensor.data, kernel.data);
    return decibels === Number.POSITIVE_INFINITY ? [] : [{ layer: layer.name, decibels }];
  });
}

/**
 * For each layer that differs, the exact model with that layer alone (its weights, biases and the rounding of its output)
 * as it is in the other one. Layers of other shapes or names are left out.
 */
export function oneAtATime(exact: Model, other: Model): readonly { readonly layer: string; readonly model: Model }[] {
  return exact.layers.flatMap((layer) => {
    const theirs = layerOf(other, layer.name);
    if (!theirs || theirs.kind !== layer.kind) return [];
    const changes = tensorsOf(layer).flatMap(([role, id]) => {
      const tensor = tensorOf(other, theirs, role);
      const own = tensorOf(exact, layer, role);
      return tensor && own && tensor.id !== id && tensor.data.length === own.data.length
        ? [{ layer: layer.name, role, tensor }]
        : [];
    });
    const grid = other.activationGrids?.[layer.name];
    const own = exact.activationGrids?.[layer.name];
    const regrid = grid !== own && JSON.stringify(grid) !== JSON.stringify(own);
    if (changes.length === 0 && !regrid) return [];
    const changed = withTensors(exact, changes);
    const { [layer.name]: _, ...rest } = exact.activationGrids ?? {};
    return [
      {
        layer: layer.name,
        model: regrid ? withActivationGrids(changed, grid ? { ...rest, [layer.name]: grid } : rest) : changed,
      },
    ];
  });
}
