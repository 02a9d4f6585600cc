/**
 * A recipe: the list of passes with values that makes one model from another, as JSON. Running one is the only way a
 * model changes. The runner finds the pass, clamps the values, and hands over a random stream seeded by the recipe.
 */
import type { Values } from '#core/params';

export interface RecipeStep {
  readonly pass: string;
  readonly values: Values;
}
export interface Recipe {
  readonly version: 1;
  readonly seed: number;
  readonly steps: readonly RecipeStep[];
}
