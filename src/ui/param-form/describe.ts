/** A step in a line: its title and the values of its sliders that are in force. */
import { defaultsOf, isShown, type Param, type Values, type Words } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { Format } from '#ui/kit/format.ts';
import type { useWords } from '#ui/kit/words.ts';

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
    .map(([key, param]) => {
      const value = Number(complete[key]);
      const unit = param.kind === 'number' ? param.unit : undefined;
      const digits = Math.abs(value * 100 - Math.round(value * 100)) < 1e-6 ? 0 : 1;
      const said =
        unit === 'percent'
          ? format.percent(value, digits)
          : unit === 'kB'
            ? format.kilobytes(value)
            : format.number(value);
      return `${words(param.label)} ${said}`;
    });
}
