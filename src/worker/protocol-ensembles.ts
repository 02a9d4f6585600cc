/**
 * The part of the protocol that is about several predictors as one: combining them, making members that go together,
 * growing trees. Whatever comes of it is kept in the vault under an id and taken by every call that takes a model.
 */

import type { Values, Words } from '#core/params';
import type { EnsembleState } from '#core/predictor';
import type { Recipe } from '#core/recipe';
import type { Accuracy, DatasetId, ModelId, ModelSummary, TrainProgress, TrainSettings } from '#worker/protocol';
import type { Fitted, JudgedImages } from '#worker/protocol-evaluation';

/** A member as the page names it. */
export interface Named {
  readonly id: ModelId;
  readonly name: string;
}
/** What is to be combined, and how. Members that were fitted to validation images are named in `fitted`. */
export interface Combination extends Fitted {
  /** Id of a way in `core/ensembles/index`. */
  readonly way: string;
  readonly values: Values;
  /** In order: serial ways ask them one after another. */
  readonly members: readonly Named[];
  readonly dataset: DatasetId;
  /** Instead of fitting the way to the members' answers: what making them gave, or a person decided. */
  readonly state?: EnsembleState;
}

/** What the summary of an ensemble says of each member, in order. */
export interface MemberSummary extends Named {
  /** How much it counts, all summing to 1; null where the way has no such number. */
  readonly weight: number | null;
  /** Share of the validation images that it had to answer, 0 to 1; 1 where all members answer. */
  readonly used: number;
}
export interface EnsembleSummary {
  readonly way: string;
  readonly values: Values;
  readonly members: readonly MemberSummary[];
  /** True where it can be written as one graph, in any format; else it goes out as its members and what asks them. */
  readonly oneGraph?: boolean;
}
export interface TreesSummary {
  /** Id of a method in `core/trees/index`. */
  readonly method: string;
  readonly trees: number;
  /** Of the deepest tree. */
  readonly depth: number;
  /** Comparisons for an image, at most. */
  readonly comparisons: number;
  /** What the trees look at: pixels, or what a layer of a network gives. */
  readonly features: 'pixels' | { readonly model: ModelId; readonly name: string; readonly layer: string };
}

export interface CombineResult {
  readonly model: ModelSummary;
  /**
   * Where the way learns from validation images, it is fitted five times on four fifths of them and measured on the fifth
   * that is left: nothing is measured on what it was fitted to. `notes` say so.
   */
  readonly validation: Accuracy;
  readonly test: Accuracy;
  readonly members: readonly (MemberSummary & { readonly validation: Accuracy; readonly test: Accuracy })[];
  /** [members][members], on validation: share of images on which exactly one of the two is right, 0 to 1. */
  readonly disagreement: readonly (readonly number[])[];
  /** [members][members]: Yule's Q, -1 to 1; null where it is not defined. */
  readonly q: readonly (readonly (number | null)[])[];
  /** Validation images that the ensemble gets right and no member does. */
  readonly onlyTogether: readonly number[];
  /** Validation images that every member gets right and the ensemble does not. */
  readonly onlyApart: readonly number[];
  readonly seconds: number;
  readonly notes: readonly Words[];
}
/** A cascade at another threshold. */
export interface CurvePoint {
  /** The threshold. */
  readonly value: number;
  /** 0 to 1, on validation. */
  readonly accuracy: number;
  /** Of an image, the mean. */
  readonly macs: number;
}
/** What a slider's position would give, from the members' answers to the validation images. */
export interface CombinePreview {
  readonly validation: Accuracy;
  readonly macs: number;
  readonly parameters: number;
  /** By member. */
  readonly used: readonly number[];
  readonly weights: readonly (number | null)[];
  /** By member, alone. */
  readonly members: readonly Accuracy[];
  /** Cascades: over the threshold, ascending. */
  readonly curve?: readonly CurvePoint[];
}

/** How a predictor came to be, from untrained models on: what has to be done to make it anew on other images. */
export type Origin =
  | {
      readonly kind: 'model';
      /** Untrained: only its structure counts, its weights are drawn anew. Or what making members gave. */
      readonly start: ModelId | MadeOrigin;
      readonly steps: readonly OriginStep[];
    }
  | {
      /** Its way is fitted anew as well. */
      readonly kind: 'combined';
      readonly way: string;
      readonly values: Values;
      readonly members: readonly Origin[];
    }
  | MadeOrigin
  | {
      /** Grown again. */
      readonly kind: 'trees';
      readonly method: string;
      readonly values: Values;
      /** The network that they look at, made anew as well, and which of its layers; null for pixels. */
      readonly looked: { readonly at: Origin; readonly layer: string } | null;
    };
/** Members that were made to go together, made together again. */
export interface MadeOrigin {
  readonly kind: 'made';
  readonly making: string;
  readonly values: Values;
  /** Tells two makings of the same kind apart. */
  readonly seed: number;
  /** Which of those that were not there before; null for all of them as they answer together. */
  readonly member: number | null;
  /** What it began with. */
  readonly models: readonly Origin[];
}
export type OriginStep =
  | { readonly kind: 'trained'; readonly settings: TrainSettings }
  | {
      readonly kind: 'recipe';
      readonly recipe: Recipe;
      /** Of the predictors that the steps name, by node id. A teacher has seen the images too, so it is made anew as well. */
      readonly teachers: Readonly<Record<string, Origin | null>>;
    };

/** One predictor that was made, as Apply gives one. */
export interface MadeMember {
  readonly model: ModelSummary;
  readonly validation: Accuracy;
  readonly test: Accuracy;
  readonly name: Words;
}
export interface MakeResult {
  /** What was not there before, in order. */
  readonly members: readonly MadeMember[];
  /** All of them as they were made to go together; null where one model is the result. */
  readonly combined: CombineResult | null;
  readonly notes: readonly Words[];
  readonly seconds: number;
}
export interface TreesResult {
  readonly model: ModelSummary;
  readonly validation: Accuracy;
  readonly test: Accuracy;
  readonly seconds: number;
  /** How often each feature is asked about, [features], the most asked 1; of pixels in the image's order. */
  readonly importance: readonly number[];
}
/** Images of the validation split, and what predictors answer to them. */
export type ImagesAt = JudgedImages;

export interface EnsembleCalls {
  /** Fits the way, measures the ensemble and its members, and keeps it. */
  combine: {
    request: Combination & { readonly name: string };
    response: CombineResult;
    progress: { done: number };
  };
  /** The latest request wins: an older one still waiting is rejected with AbortError. */
  combinePreview: { request: Combination; response: CombinePreview; progress: { done: number } };
  /** Makes members (`core/ensembles/making`) and combines them as they are meant to be. */
  make: {
    request: {
      making: string;
      values: Values;
      /** `origin`: null where nobody knows how the model was made. */
      models: readonly (Named & { readonly origin: Origin | null })[];
      /** Those of them that were fitted to validation images. */
      fitted?: readonly ModelId[];
      dataset: DatasetId;
      /** Of the new models, before what tells them apart. */
      name: string;
      seed: number;
    };
    response: MakeResult;
    progress: { done: number; train?: TrainProgress };
  };
  /** Grows trees (`core/trees`) on training images. */
  trees: {
    request: {
      method: string;
      values: Values;
      features: { readonly kind: 'pixels' } | ({ readonly kind: 'layer'; readonly layer: string } & Named);
      dataset: DatasetId;
      name: string;
      seed: number;
    };
    response: TreesResult;
    progress: { done: number };
  };
  /** Some images of the validation split, with the answers of these predictors. */
  imagesAt: {
    request: Fitted & { dataset: DatasetId; indices: readonly number[]; models: readonly ModelId[] };
    response: ImagesAt;
    progress: never;
  };
}
