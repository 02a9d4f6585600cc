/** A step in a line: its title and the values of its sliders that are in force. */
import { defaultsOf, isShown, type Param, type Values, type Words } from '#core/params';
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

/** "Sparsity 90 %", one for each slider. */
export function describeValues(
  step: RecipeStep,
  words: ReturnType<typeof useWords>,
  format: Format,
): readonly string[] {
  const params = (passById(step.pass)?.params ?? {}) as Readonly<Record<string, Param>>;
  const complete = { ...(defaultsOf(params) as Values), ...step.values };
  return Object.entries(params)
    .filter(([, param]) => param.kind === 'number' && param.live && isShown(param, complete))
    .map(([key, param]) => `${words(param.label)} ${settingText(Number(complete[key]), param, format)}`);
}
