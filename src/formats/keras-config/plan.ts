/** The vocabulary between a Keras layer and ours: what weights a layer of the file needs, and what it becomes. */
import type { Layer } from '#core/model/layers';
import type { TensorId } from '#core/model/model';
import type { Note } from '#formats/format';
import type { Settings } from '#formats/keras-config/settings';

/** A weight as Keras names it; null in the shape: known only from the layer's input. */
export interface WeightSpec {
  readonly name: string;
  /** Other names that Keras versions gave it. */
  readonly aliases?: readonly string[];
  readonly shape: readonly (number | null)[];
}
export interface BuildContext {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Shapes of the inputs, without the batch. */
  readonly shapes: readonly (readonly number[])[];
  /** The id of a weight in `weights`, optionally with its shape read anew (same number of elements). */
  readonly tensor: (name: string, shape?: readonly number[]) => TensorId;
  readonly shapeOf: (name: string) => readonly number[];
}
export interface LayerPlan {
  readonly weights: readonly WeightSpec[];
  /** The last layer carries the call's name; an empty list means that the layer does nothing and is left out. */
  readonly build: (context: BuildContext) => readonly Layer[];
  readonly note?: Note;
}
/** Why a layer is not supported, as it stands in a list: the class, or the class and the setting. */
export interface Unsupported {
  readonly unsupported: string;
}
export type Planner = (settings: Settings, keras3: boolean) => LayerPlan | Unsupported;
