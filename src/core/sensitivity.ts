/**
 * How sensitive a model is, layer by layer: the ways in which one layer alone is made worse, each by the method that does
 * it in earnest, so that what is seen here can be done there. How much accuracy that costs is for the engine to measure.
 */
import type { Layer } from '#core/model/layers';
import type { RecipeStep } from '#core/recipe';

export type Degradation = 'sparsity' | 'bits' | 'rank';

/** From mild to severe: shares of zeros, bits, shares of the full rank. */
export const LEVELS: Readonly<Record<Degradation, readonly number[]>> = {
  sparsity: [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98],
  bits: [8, 6, 5, 4, 3, 2],
  rank: [0.75, 0.5, 0.35, 0.25, 0.15, 0.08],
};

/** The step that takes this layer alone to this level; null where there is no such way for this kind of layer. */
export function degradingStep(
  degradation: Degradation,
  { name, kind }: Pick<Layer, 'name' | 'kind'>,
  level: number,
): RecipeStep | null {
  const layers = [name];
  switch (degradation) {
    case 'sparsity':
      return { pass: 'magnitude-pruning', values: { amount: 'ratio', sparsity: level, scope: 'layer', layers } };
    case 'bits':
      return { pass: 'weight-quantization', values: { by: 'bits', bits: level, layers } };
    case 'rank':
      if (kind === 'dense') return { pass: 'low-rank-dense', values: { by: 'share', rank: level, layers } };
      if (kind === 'conv2d') return { pass: 'low-rank-convolution', values: { by: 'share', rank: level, layers } };
      return null;
    default:
      throw degradation satisfies never;
  }
}
