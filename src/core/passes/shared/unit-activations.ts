/**
 * How active the units of a layer are: the mean |activation| of each output channel, and APoZ, the average percentage of
 * zeros (Hu et al. 2016, "Network Trimming"). The activation of a unit is looked for where it is: in the layer itself, or
 * behind the batch normalisation that follows it.
 */
import { layerOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { PassContext, Tap } from '#core/pass';
import { checkMeasured, showImages } from '#core/passes/shared/importance';

/** Where a layer's activation is read. */
export interface ActivationPlace {
  /** The layer whose output it is; channel for channel that of the layer asked for. */
  readonly layer: string;
  /** Whether it is a rectifier, which gives exact zeros. */
  readonly rectified: boolean;
}

/** Follows what reads only this layer, through batch normalisation and dropout, up to the first activation. */
export function activationPlace(model: Model, name: string): ActivationPlace {
  let layer = layerOf(model, name) as Layer;
  for (;;) {
    if ('activation' in layer && layer.activation.fn !== 'linear')
      return { layer: layer.name, rectified: layer.activation.fn === 'relu' };
    if (layer.kind === 'prelu') return { layer: layer.name, rectified: false };
    const readers = model.layers.filter(({ inputs }) => inputs.includes(layer.name));
    const [next] = readers;
    const goesOn =
      readers.length === 1 &&
      !model.outputs.includes(layer.name) &&
      (next?.kind === 'batchNorm' || next?.kind === 'dropout' || next?.kind === 'activation' || next?.kind === 'prelu');
    if (!goesOn || !next) return { layer: layer.name, rectified: false };
    layer = next;
  }
}

export interface UnitActivity {
  /** Mean |activation| over images and positions, for each channel. */
  readonly mean: Float64Array;
  /** Share of activations that are not 0: 1 - APoZ. */
  readonly active: Float64Array;
}

/** Of the outputs of these layers; `channels` by layer. Throws PassError where they are not finite. */
export async function unitActivity(
  model: Model,
  layers: readonly { readonly layer: string; readonly channels: number }[],
  images: number,
  context: PassContext,
): Promise<readonly UnitActivity[]> {
  const sums = layers.map(({ channels }) => new Float64Array(channels));
  const counts = layers.map(({ channels }) => new Float64Array(channels));
  const totals = layers.map(() => 0);
  const taps = layers.map(({ layer }): Tap => ({ layer, at: 'output' }));
  await showImages(model, { taps, images }, context, ({ values }) => {
    for (const [i, { channels }] of layers.entries()) {
      const [a, sum, count] = [values[i] as Float32Array, sums[i] as Float64Array, counts[i] as Float64Array];
      for (let at = 0; at < a.length; at += channels) {
        for (let c = 0; c < channels; c++) {
          const value = a[at + c] as number;
          if (value === 0) continue;
          sum[c] = (sum[c] as number) + Math.abs(value);
          count[c] = (count[c] as number) + 1;
        }
      }
      totals[i] = (totals[i] as number) + a.length / channels;
    }
  });
  checkMeasured(sums);
  return layers.map((_, i) => {
    const total = Math.max(1, totals[i] as number);
    return {
      mean: (sums[i] as Float64Array).map((sum) => sum / total),
      active: (counts[i] as Float64Array).map((count) => count / total),
    };
  });
}
