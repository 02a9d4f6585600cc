/** What a row of the benchmark of recipes is: plain data, so that a key made of it tells what has been run already. */
import type { Architecture } from '#core/architecture';
import type { RecipeStep } from '#core/recipe';
import type { Streams } from '#formats/whittle/plans';
import type { DatasetId } from '#worker/protocol';

/** Some steps of the row's recipe, and a name for what they make. */
export interface Stage {
  readonly name: string;
  /** They follow those of the stages before. A predictor named "row/stage" is that stage with the same seed. */
  readonly steps: readonly RecipeStep[];
  /** Which coders the file may use; all by default. */
  readonly streams?: Streams;
  /** What a paper reports here, for the table. */
  readonly paper?: string;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly dataset: DatasetId;
  /** A template's id, or the layers. */
  readonly network: string | Architecture;
  readonly stages: readonly Stage[];
  /** The honest comparison: a network of the final size from scratch, as long. */
  readonly scratch?: { readonly network: string | Architecture; readonly steps: readonly RecipeStep[] };
  /** What has to be reached: of the last stage. Errors are shares. */
  readonly target?: { readonly bytes?: number; readonly error?: number; readonly loss?: number };
  /** Which stage, as "row/stage", the loss is counted from; the row's first by default. */
  readonly against?: string;
  readonly seeds: number;
  /** A class whose images are what the row is about: their errors are said too. */
  readonly only?: number;
  /** What must be known to judge the figures: augmentation where the paper had none, and so on. */
  readonly note: string;
}

export const step = (pass: string, values: RecipeStep['values']): RecipeStep => ({ pass, values });
