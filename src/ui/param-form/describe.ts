/** A step in a line: its title, the values of its sliders that are in force, how long it trains, and which layers it keeps to. */
import { clampValues, isShown, type Params, type Values, type Words } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { Format } from '#ui/kit/format.ts';
import type { useWords } from '#ui/kit/words.ts';
import { settingText } from '#ui/param-form/setting.ts';

/** "Magnitude pruning, Sparsity 90 %" */
export function describeStep(step: RecipeStep, words: ReturnType<typeof useWords>, format: Format): string {
  const pass = passById(step.pass);
  return pass ? [words(pass.words.title), ...describeValues(step, words, format)].join(words(COMMA)) : step.pass;
}

/** Between a title and its values. */
const COMMA: Words = { en: ', ', zh: '，' };

/** "Sparsity 90 %", one for each slider; "Epochs 5" where it trains; "in conv2d_1" where it does not act on all layers. */
export function describeValues(
  step: RecipeStep,
  words: ReturnType<typeof useWords>,
  format: Format,
): readonly string[] {
  const params = (passById(step.pass)?.params ?? {}) as Params;
  const complete = clampValues(params, step.values) as Values;
  const shown = Object.entries(params).filter(([, param]) => isShown(param, complete));
  const numbers = shown
    .filter(([, param]) => param.kind === 'number' && (param.live || param.unit === 'epochs'))
    .map(([key, param]) => `${words(param.label)} ${settingText(Number(complete[key]), param, format)}`);
  const kept = shown
    .filter(([, param]) => param.kind === 'layers')
    .flatMap(([key]) => inLayers(complete[key] as readonly string[]));
  return [...numbers, ...kept.map(words)];
}

/** Layers that are named one by one; of more only the number is told. */
export const NAMED_LAYERS = 3;

/** "in conv2d_1 and dense"; nothing where it is all of them. */
function inLayers(names: readonly string[]): readonly Words[] {
  const count = names.length;
  if (count === 0) return [];
  if (count > NAMED_LAYERS) return [{ en: `in ${count} layers`, zh: `仅 ${count} 层` }];
  const first = names.slice(0, -1).join(', ');
  return [{ en: `in ${first ? `${first} and ` : ''}${names.at(-1)}`, zh: `仅 ${names.join('、')}` }];
}
