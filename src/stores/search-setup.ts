/**
 * Setting searches up: what is searched, how, and the plan that it comes to. What becomes of it is in stores/search.ts.
 */
import { createStore } from 'zustand/vanilla';
import { clampValues, defaultsOf, isShown, type Params, type Values } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import { leastBudget } from '#core/search/halving';
import type { Halving, SearchPlan, Strategy } from '#core/search/plan';
import type { Dimension, SearchBase, Target } from '#core/search/space';
import { build } from '#stores/build';
import { optimize } from '#stores/optimize';
import { selectedNode } from '#stores/project';
import { freshDimension, withoutStep } from '#stores/search-space';
import type { SearchDraft, SearchMode, SearchState } from '#stores/search-state';
import { training } from '#stores/training';

const draft = (dimensions: readonly (Dimension | null)[]): SearchDraft => ({
  dimensions: dimensions.filter((one): one is Dimension => one !== null),
  steps: [],
  strategy: 'random',
  trials: 8,
  budget: 40,
  eta: 2,
  folds: 0,
  seeds: 1,
  seed: 1,
  limit: null,
});

export const search = createStore<SearchState>()(() => ({
  mode: 'network',
  drafts: {
    network: draft([
      freshDimension({ of: 'training', key: 'learningRate' }, []),
      freshDimension({ of: 'network', key: 'width' }, []),
    ]),
    recipe: draft([]),
  },
  repeats: 4,
  job: null,
  members: {
    without: [],
    rules: ['selected-weights', 'mean-probabilities', 'majority-vote', 'learned-weights', 'stacking', 'cascade'],
    budget: null,
    running: null,
    found: null,
    fault: null,
  },
}));

export function setMode(mode: SearchMode): void {
  search.setState({ mode });
}
export function setRepeats(repeats: number): void {
  search.setState({ repeats });
}

export type DraftMode = 'network' | 'recipe';

export function setDraft(mode: DraftMode, patch: Partial<SearchDraft>): void {
  search.setState(({ drafts }) => {
    const next = { ...drafts[mode], ...patch };
    // Halving goes on with what it trained, so how long is not for a dimension to say.
    const dimensions =
      next.strategy === 'halving'
        ? next.dimensions.filter(({ target }) => !isGivenOut(mode, next.steps, target))
        : next.dimensions;
    return { drafts: { ...drafts, [mode]: { ...next, dimensions } } };
  });
}

/** Whether these are the epochs that successive halving gives out. */
export function isGivenOut(mode: DraftMode, steps: readonly RecipeStep[], target: Target): boolean {
  if (target.key !== 'epochs') return false;
  if (mode === 'network') return target.of === 'training';
  return target.of === 'step' && target.step === halvingStep(steps)?.step;
}

/** The method whose epochs successive halving can give out: the last that trains for some. Null where none does. */
export function halvingStep(steps: readonly RecipeStep[]): NonNullable<Halving['anew']> | null {
  for (const [step, { pass, values }] of [...steps.entries()].reverse()) {
    const params = (passById(pass)?.params ?? {}) as Params;
    const epochs = params['epochs'];
    if (epochs?.kind === 'number' && isShown(epochs, clampValues(params, values) as Values))
      return { step, most: epochs.max };
  }
  return null;
}

export function addDimension(mode: DraftMode, target: Target): void {
  const { dimensions, steps } = search.getState().drafts[mode];
  const dimension = freshDimension(target, steps);
  if (dimension) setDraft(mode, { dimensions: [...dimensions, dimension] });
}
export function setDimension(mode: DraftMode, at: number, dimension: Dimension): void {
  const { dimensions } = search.getState().drafts[mode];
  setDraft(mode, { dimensions: dimensions.map((one, index) => (index === at ? dimension : one)) });
}
export function removeDimension(mode: DraftMode, at: number): void {
  const { dimensions } = search.getState().drafts[mode];
  setDraft(mode, { dimensions: dimensions.filter((_, index) => index !== at) });
}

/** Adds a method, with the values that it has on the Optimize tab, and searches the first slider that these leave in force. */
export function addSearchStep(mode: DraftMode, pass: string): void {
  const params = passById(pass)?.params as Params | undefined;
  if (!params) return;
  const { steps, dimensions } = search.getState().drafts[mode];
  const values = clampValues(params, optimize.getState().values[pass] ?? defaultsOf(params)) as Values;
  const added = [...steps, { pass, values }];
  const [key] =
    Object.entries(params).find(([, param]) => param.kind === 'number' && param.live && isShown(param, values)) ?? [];
  const first = key === undefined ? null : freshDimension({ of: 'step', step: steps.length, key }, added);
  setDraft(mode, { steps: added, dimensions: first ? [...dimensions, first] : dimensions });
}
export function removeSearchStep(mode: DraftMode, at: number): void {
  const { steps, dimensions } = search.getState().drafts[mode];
  setDraft(mode, { steps: steps.filter((_, index) => index !== at), dimensions: withoutStep(dimensions, at) });
}

/** The plan that a draft comes to; null in mode 'recipe' without a model and a method. */
export function planOf(mode: DraftMode): SearchPlan | null {
  const own = search.getState().drafts[mode];
  const { dimensions, steps, folds, seed, seeds, limit } = own;
  const recipe = steps.length > 0 ? { version: 1 as const, seed: 1, steps } : null;
  const node = selectedNode();
  if (mode === 'recipe' && (!node || !recipe)) return null;
  const base: SearchBase =
    mode === 'network'
      ? {
          start: { kind: 'fresh', architecture: build.getState().architecture },
          training: training.getState().settings,
          recipe,
        }
      : { start: { kind: 'model', model: node?.model ?? '' }, training: null, recipe };
  const first = base.training?.seed ?? 1;
  return {
    base,
    dimensions,
    strategy: strategyOf(own, mode),
    seed,
    // A model that has seen all training images cannot be judged on some of them.
    folds: mode === 'network' ? folds : 0,
    seeds: Array.from({ length: seeds }, (_, i) => first + i),
    limit,
  };
}

function strategyOf({ strategy, trials, budget, eta, steps }: SearchDraft, mode: DraftMode): Strategy {
  if (strategy === 'grid') return { kind: 'grid' };
  const anew = mode === 'recipe' ? halvingStep(steps) : null;
  // Where nothing trains there is nothing to give out.
  if (strategy === 'random' || (mode === 'recipe' && !anew)) return { kind: 'random', trials };
  const least = leastBudget(trials, eta);
  return { kind: 'halving', trials, budget: Math.max(budget, least), eta, ...(anew ? { anew } : {}) };
}
