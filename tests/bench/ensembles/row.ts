/** What a row of the benchmark of ensembles is: plain data, so that a key made of it tells what has been run already. */
import type { Architecture } from '#core/architecture';
import type { Values } from '#core/params';
import type { RecipeStep } from '#core/recipe';

/** How a row's predictor comes to be. Others are named by their rows, and are those of the same seed. */
export type Making =
  /** A network from fresh weights by the steps of a recipe, in which a `teacher` is a row. */
  | {
      readonly kind: 'network';
      readonly network: string | Architecture;
      readonly steps: readonly RecipeStep[];
      /** Tells networks apart that only differ in their seed. */
      readonly draw?: number;
    }
  /** Trees on pixels, or on what a layer of a row gives. */
  | {
      readonly kind: 'trees';
      readonly method: string;
      readonly values: Values;
      readonly on?: { readonly row: string; readonly layer: string };
    }
  /** Members that are made to go together, combined as they are meant to be; or one model of several. */
  | { readonly kind: 'made'; readonly making: string; readonly values: Values; readonly models: readonly string[] }
  /** Rows combined, fitted on validation where the way learns. */
  | { readonly kind: 'combined'; readonly way: string; readonly values: Values; readonly members: readonly string[] };

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly part: 'Members' | 'Combined' | 'Made to go together' | 'From many to one';
  readonly making: Making;
  /** The row that it is compared with, where that is not the best of its own members. */
  readonly against?: string;
}

/** The rows that this one needs. */
export function needsOf({ making }: Row): readonly string[] {
  switch (making.kind) {
    case 'network':
      return making.steps.flatMap(({ values: { teacher } }) => (typeof teacher === 'string' ? [teacher] : []));
    case 'trees':
      return making.on ? [making.on.row] : [];
    case 'made':
      return making.models;
    case 'combined':
      return making.members;
    default:
      throw making satisfies never;
  }
}
