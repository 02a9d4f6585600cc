/** What dimensions and their values are called, and which values a list can have. */
import { useCallback } from 'react';
import type { Param, Params } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { Dimension, Setting, Target } from '#core/search/space';
import { TEMPLATES, templateById } from '#core/templates';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { settingText } from '#ui/param-form/setting.ts';

export interface DimensionNames {
  readonly name: (target: Target) => string;
  readonly value: (target: Target, value: Setting) => string;
}

export function paramOf(target: Target, steps: readonly RecipeStep[]): Param | undefined {
  if (target.of !== 'step') return undefined;
  return ((passById(steps[target.step]?.pass ?? '')?.params ?? {}) as Params)[target.key];
}

/** The values that a list may take; null where it is numbers as a person writes them. */
export function optionsOf(target: Target, steps: readonly RecipeStep[]): readonly Setting[] | null {
  switch (target.of) {
    case 'network':
      return target.key === 'template' ? TEMPLATES.map(({ id }) => id) : null;
    case 'training':
      if (target.key === 'optimizer') return ['adam', 'momentum', 'sgd'];
      return target.key === 'schedule' ? ['cosine', 'constant'] : null;
    case 'step': {
      const param = paramOf(target, steps);
      if (param?.kind === 'choice') return param.options.map(({ value }) => value);
      return param?.kind === 'flag' ? [false, true] : null;
    }
    default:
      throw target satisfies never;
  }
}

export function useNames(steps: readonly RecipeStep[]): DimensionNames {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const name = useCallback(
    (target: Target): string => {
      switch (target.of) {
        case 'training':
          return t(`train.${target.key}`);
        case 'network':
          return t(`search.${target.key}`);
        case 'step': {
          const pass = passById(steps[target.step]?.pass ?? '');
          const label = paramOf(target, steps)?.label;
          const own = label ? words(label) : target.key;
          return steps.length > 1 && pass ? `${words(pass.words.title)}: ${own}` : own;
        }
        default:
          throw target satisfies never;
      }
    },
    [t, words, steps],
  );
  const value = useCallback(
    (target: Target, setting: Setting): string => {
      if (typeof setting === 'boolean') return t(setting ? 'search.on' : 'search.off');
      if (typeof setting === 'number') {
        if (target.of === 'network') return `× ${format.number(setting, 2)}`;
        return settingText(setting, paramOf(target, steps), format);
      }
      if (target.of === 'network') return words(templateById(setting)?.words.title ?? { en: setting, zh: setting });
      if (target.of === 'training' && target.key === 'optimizer')
        return t(`train.optimizers.${setting as 'adam' | 'momentum' | 'sgd'}`);
      if (target.of === 'training') return t(`train.schedules.${setting as 'constant' | 'cosine'}`);
      const param = paramOf(target, steps);
      const label =
        param?.kind === 'choice' ? param.options.find((option) => option.value === setting)?.label : undefined;
      return label ? words(label) : setting;
    },
    [t, words, format, steps],
  );
  return { name, value };
}

/** Where a value stands on its dimension's axis, 0 to 1. */
export function shareOf(dimension: Dimension, value: Setting): number {
  if (dimension.kind === 'list') {
    const at = dimension.values.indexOf(value);
    return dimension.values.length > 1 ? at / (dimension.values.length - 1) : 0.5;
  }
  const { low, high, log } = dimension;
  const along = log ? Math.log(Number(value) / low) / Math.log(high / low) : (Number(value) - low) / (high - low);
  return Number.isFinite(along) ? Math.min(1, Math.max(0, along)) : 0.5;
}
