/**
 * What a search may change, as data: settings of training, the network itself, and values of the passes that follow.
 * Candidates are one choice for each dimension; `settle` says what a candidate comes to.
 */
import type { Architecture, Row } from '#core/architecture';
import { shuffledIndices } from '#core/numeric/random';
import { ADAM, type Objective, type Optimizer } from '#core/objective';
import type { Recipe } from '#core/recipe';
import { templateById } from '#core/templates';

export type Setting = number | string | boolean;

export type TrainingKey =
  | 'learningRate'
  | 'batchSize'
  | 'epochs'
  | 'l1'
  | 'l2'
  | 'groupLasso'
  | 'labelSmoothing'
  | 'dropout'
  | 'shift'
  | 'optimizer'
  | 'schedule';

/** What a dimension sets. `width` multiplies filters and units of every layer but the last. */
export type Target =
  | { readonly of: 'training'; readonly key: TrainingKey }
  | { readonly of: 'network'; readonly key: 'template' | 'width' }
  /** A value of the recipe's step at this place, from 0. */
  | { readonly of: 'step'; readonly step: number; readonly key: string };

export interface RangeDimension {
  readonly kind: 'range';
  readonly target: Target;
  readonly low: number;
  readonly high: number;
  /** Drawn and divided evenly in the logarithm; `low` is then above 0. */
  readonly log: boolean;
  /** Values are multiples of it; 0 for any. */
  readonly step: number;
  /** How many values a grid takes, ends included. */
  readonly levels: number;
}
export interface ListDimension {
  readonly kind: 'list';
  readonly target: Target;
  readonly values: readonly Setting[];
}
export type Dimension = RangeDimension | ListDimension;

/** One choice for each dimension, in their order. */
export type Candidate = readonly Setting[];

/** How networks are trained, as the objective has it. */
export type SearchedTraining = Pick<
  Objective,
  'optimizer' | 'learningRate' | 'schedule' | 'batchSize' | 'epochs' | 'seed' | 'l1' | 'l2' | 'groupLasso'
> & {
  /** Instead of every dropout layer's rate, where not null. */
  readonly dropout: number | null;
  readonly labelSmoothing?: number;
  /** Pixels by which images are moved at most. */
  readonly shift?: number;
};

/** What a candidate is made from where no dimension says otherwise. */
export interface SearchBase {
  /** A network with fresh weights, or a model that is there, by its id in the vault. */
  readonly start:
    | { readonly kind: 'fresh'; readonly architecture: Architecture }
    | { readonly kind: 'model'; readonly model: string };
  /** Null: it is not trained before the recipe. */
  readonly training: SearchedTraining | null;
  readonly recipe: Recipe | null;
}

/** Throws RangeError for a dimension that has no values. */
export function levelsOf(dimension: Dimension): readonly Setting[] {
  if (dimension.kind === 'list') {
    if (dimension.values.length === 0) throw new RangeError('a list without values cannot be searched');
    return dimension.values;
  }
  const { levels } = dimension;
  if (!(levels >= 1)) throw new RangeError('a range without values cannot be searched');
  const values = Array.from({ length: levels }, (_, i) => at(dimension, levels === 1 ? 0 : i / (levels - 1)));
  return [...new Set(values)];
}

/** How many candidates a grid of these has. */
export function gridSize(dimensions: readonly Dimension[]): number {
  return dimensions.reduce((product, dimension) => product * levelsOf(dimension).length, 1);
}

/** Every combination; the last dimension changes fastest. Without dimensions one candidate, the base as it is. */
export function gridOf(dimensions: readonly Dimension[]): readonly Candidate[] {
  return dimensions.reduce<readonly Candidate[]>(
    (all, dimension) => all.flatMap((start) => levelsOf(dimension).map((value) => [...start, value])),
    [[]],
  );
}

/** Drawings that come to nothing new before a space counts as used up. */
const PATIENCE = 20;

/**
 * At most `count` different candidates; fewer where the space has fewer. Ranges are drawn from as a whole, not from a
 * grid (Bergstra and Bengio 2012), and each evenly: of n candidates every n-th of a range has one (McKay, Beckman,
 * Conover 1979), so that a few draws do not lie in a heap.
 */
export function drawnFrom(dimensions: readonly Dimension[], count: number, random: () => number): readonly Candidate[] {
  const drawn = new Map<string, Candidate>();
  for (let vain = 0; drawn.size < count && vain < PATIENCE; vain++) {
    const columns = dimensions.map((dimension) =>
      Array.from(shuffledIndices(count, random), (part) => valueAt(dimension, (part + random()) / count)),
    );
    for (let i = 0; i < count && drawn.size < count; i++) {
      const candidate = columns.map((column) => column[i] as Setting);
      const key = JSON.stringify(candidate);
      if (drawn.has(key)) continue;
      drawn.set(key, candidate);
      vain = -1;
    }
  }
  return [...drawn.values()];
}

function valueAt(dimension: Dimension, share: number): Setting {
  if (dimension.kind === 'range') return at(dimension, share);
  return levelsOf(dimension)[Math.floor(share * dimension.values.length)] as Setting;
}

/** The value at a share of the way from low to high. */
function at({ low, high, log, step }: RangeDimension, share: number): number {
  const value = log ? low * (high / low) ** share : low + (high - low) * share;
  const snapped = step > 0 ? Math.round(value / step) * step : value;
  return Number(Math.min(high, Math.max(low, snapped)).toPrecision(step > 0 ? 12 : 4));
}

const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  adam: ADAM,
  momentum: { kind: 'momentum', momentum: 0.9 },
  sgd: { kind: 'sgd' },
};

/** The base with a candidate's choices in their places. */
export function settle(base: SearchBase, dimensions: readonly Dimension[], candidate: Candidate): SearchBase {
  const chosen = dimensions.map(({ target }, i) => ({ target, value: candidate[i] as Setting }));
  // A width is that of the template that was chosen.
  const order = [...chosen].sort((a, b) => Number(isWidth(a.target)) - Number(isWidth(b.target)));
  return order.reduce((now, { target, value }) => withChoice(now, target, value), base);
}

const isWidth = (target: Target): boolean => target.of === 'network' && target.key === 'width';

function withChoice(base: SearchBase, target: Target, value: Setting): SearchBase {
  switch (target.of) {
    case 'training':
      return base.training ? { ...base, training: withSetting(base.training, target.key, value) } : base;
    case 'network': {
      if (base.start.kind !== 'fresh') return base;
      const { architecture } = base.start;
      const { input, classes } = architecture;
      const made =
        target.key === 'width'
          ? widened(architecture, Number(value))
          : (templateById(String(value))?.architecture(input, classes) ?? architecture);
      return { ...base, start: { kind: 'fresh', architecture: made } };
    }
    case 'step': {
      return withStepValue(base, target.step, target.key, value);
    }
    default:
      throw target satisfies never;
  }
}

/** The base with a value of its recipe's step at this place. */
export function withStepValue(base: SearchBase, at: number, key: string, value: Setting): SearchBase {
  if (!base.recipe) return base;
  const steps = base.recipe.steps.map((step, index) =>
    index === at ? { ...step, values: { ...step.values, [key]: value } } : step,
  );
  return { ...base, recipe: { ...base.recipe, steps } };
}

function withSetting(training: SearchedTraining, key: TrainingKey, value: Setting): SearchedTraining {
  if (key === 'optimizer') return { ...training, optimizer: OPTIMIZERS[String(value)] ?? training.optimizer };
  if (key === 'schedule') return { ...training, schedule: { kind: value === 'constant' ? 'constant' : 'cosine' } };
  return { ...training, [key]: Number(value) };
}

/**
 * Filters and units times `factor`, rounded, at least 1. The last of them gives the classes and stays. Layers that were
 * equally wide stay so, and residual adds keep fitting.
 */
export function widened(architecture: Architecture, factor: number): Architecture {
  const { rows } = architecture;
  const last = rows.findLastIndex(({ kind }) => kind === 'dense' || kind === 'conv2d');
  const scaled = (count: number): number => Math.max(1, Math.round(count * factor));
  return {
    ...architecture,
    rows: rows.map((row, i): Row => {
      if (i === last) return row;
      if (row.kind === 'conv2d') return { ...row, filters: scaled(row.filters) };
      return row.kind === 'dense' ? { ...row, units: scaled(row.units) } : row;
    }),
  };
}
