/**
 * What can be searched, with the ranges that usually hold the best value: settings of training, the network's template and
 * width, and every number, choice and switch that a method declares.
 */
import { isShown, type Param, type Params, type Values } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { Dimension, Target, TrainingKey } from '#core/search/space';
import { TEMPLATES } from '#core/templates';

const range = (
  target: Target,
  low: number,
  high: number,
  more: { readonly log?: boolean; readonly step?: number; readonly levels?: number } = {},
): Dimension => ({
  kind: 'range',
  target,
  low,
  high,
  log: more.log ?? false,
  step: more.step ?? 0,
  levels: more.levels ?? 3,
});

type OfTraining = (target: Target) => Dimension;
const TRAINING: Readonly<Record<TrainingKey, OfTraining>> = {
  learningRate: (target) => range(target, 0.0003, 0.01, { log: true, levels: 4 }),
  epochs: (target) => range(target, 2, 10, { step: 1 }),
  batchSize: (target) => ({ kind: 'list', target, values: [32, 64, 128] }),
  optimizer: (target) => ({ kind: 'list', target, values: ['adam', 'momentum', 'sgd'] }),
  schedule: (target) => ({ kind: 'list', target, values: ['cosine', 'constant'] }),
  l1: (target) => range(target, 1e-7, 1e-4, { log: true }),
  l2: (target) => range(target, 1e-6, 1e-3, { log: true }),
  groupLasso: (target) => range(target, 1e-6, 1e-3, { log: true }),
  labelSmoothing: (target) => range(target, 0, 0.2),
  dropout: (target) => range(target, 0, 0.5),
  shift: (target) => range(target, 0, 2, { step: 1 }),
};

/** A dimension as it is when it is added. Null for a target that is not there. */
export function freshDimension(target: Target, steps: readonly RecipeStep[]): Dimension | null {
  switch (target.of) {
    case 'training':
      return TRAINING[target.key](target);
    case 'network':
      return target.key === 'template'
        ? { kind: 'list', target, values: TEMPLATES.map(({ id }) => id) }
        : range(target, 0.5, 2, { log: true });
    case 'step': {
      const param = paramAt(steps, target.step, target.key);
      return param && ofParam(target, param);
    }
    default:
      throw target satisfies never;
  }
}

function paramAt(steps: readonly RecipeStep[], step: number, key: string): Param | null {
  return ((passById(steps[step]?.pass ?? '')?.params ?? {}) as Params)[key] ?? null;
}

/** Half of the way from the default to each end; choices all. */
function ofParam(target: Target, param: Param): Dimension | null {
  switch (param.kind) {
    case 'number': {
      const { min, max, step } = param;
      const log = param.scale === 'log' && min > 0;
      const between = (end: number): number => (log ? Math.sqrt(param.default * end) : (param.default + end) / 2);
      const snapped = (value: number): number => Number((Math.round(value / step) * step).toPrecision(12));
      const free = log && !Number.isInteger(step);
      const [low, high] = [between(min), between(max)].map((value) =>
        free ? Number(value.toPrecision(2)) : snapped(value),
      );
      return range(target, Math.max(min, low ?? min), Math.min(max, high ?? max), { log, step: free ? 0 : step });
    }
    case 'choice':
      return { kind: 'list', target, values: param.options.map(({ value }) => value) };
    case 'flag':
      return { kind: 'list', target, values: [false, true] };
    case 'layers':
    case 'predictor':
    case 'classGroups':
      return null;
    default:
      throw param satisfies never;
  }
}

/** The limits of a dimension's values: those of the parameter, or of the setting. */
export function boundsOf(target: Target, steps: readonly RecipeStep[]): { readonly min: number; readonly max: number } {
  if (target.of === 'step') {
    const param = paramAt(steps, target.step, target.key);
    return param?.kind === 'number' ? param : { min: 0, max: 0 };
  }
  if (target.of === 'network') return { min: 0.1, max: 8 };
  switch (target.key) {
    case 'epochs':
      return { min: 1, max: 1000 };
    case 'labelSmoothing':
      return { min: 0, max: 0.9 };
    case 'dropout':
      return { min: 0, max: 0.95 };
    case 'shift':
      return { min: 0, max: 8 };
    case 'batchSize':
      return { min: 1, max: 1024 };
    default:
      return { min: 0, max: 10 };
  }
}

/** Everything that can still be searched beside `taken`. */
export function targetsFor(
  mode: 'network' | 'recipe',
  steps: readonly RecipeStep[],
  taken: readonly Dimension[],
): readonly Target[] {
  const ofNetwork: readonly Target[] =
    mode === 'network'
      ? [
          { of: 'network', key: 'template' },
          { of: 'network', key: 'width' },
          ...(Object.keys(TRAINING) as TrainingKey[]).map((key): Target => ({ of: 'training', key })),
        ]
      : [];
  const ofSteps = steps.flatMap(({ pass, values }, step) =>
    Object.entries((passById(pass)?.params ?? {}) as Params)
      .filter(([, param]) => ['number', 'choice', 'flag'].includes(param.kind) && isShown(param, values as Values))
      .map(([key]): Target => ({ of: 'step', step, key })),
  );
  const isTaken = (target: Target): boolean => taken.some((dimension) => sameTarget(dimension.target, target));
  return [...ofNetwork, ...ofSteps].filter((target) => !isTaken(target));
}

function sameTarget(a: Target, b: Target): boolean {
  return (
    JSON.stringify([a.of, a.key, 'step' in a ? a.step : 0]) === JSON.stringify([b.of, b.key, 'step' in b ? b.step : 0])
  );
}

/** The dimensions when step `at` has gone: its own go with it, those of later steps move up. */
export function withoutStep(dimensions: readonly Dimension[], at: number): readonly Dimension[] {
  return dimensions.flatMap((dimension): Dimension[] => {
    const { target } = dimension;
    if (target.of !== 'step' || target.step < at) return [dimension];
    return target.step === at ? [] : [{ ...dimension, target: { ...target, step: target.step - 1 } }];
  });
}
