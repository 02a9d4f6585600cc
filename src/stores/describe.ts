/**
 * What a step did, in a few plain words for a model's name ("90 % sparsity", "8 bits", "fine-tuning"), and the values
 * at which a slider is swept. Both follow from the pass's declaration, so a new method needs nothing here.
 */
import type { NumberParam, Param, Values } from '#core/params';
import { defaultsOf, isShown } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';

/** The main value of a pass that does not train; the title of one that does. In the field's English terms. */
export function stepName(step: RecipeStep): string {
  const pass = passById(step.pass);
  if (!pass) return step.pass;
  const title = pass.words.title.en.toLowerCase();
  if (pass.preview === 'structure') return title;
  // What a step leaves out has its default, which decides as well which parameters are in force.
  const values = { ...(defaultsOf(pass.params as Record<string, Param>) as Values), ...step.values };
  const main = Object.entries(pass.params as Record<string, Param>).find(
    (entry): entry is [string, NumberParam] =>
      entry[1].kind === 'number' && entry[1].live === true && isShown(entry[1], values),
  );
  if (!main) return title;
  const [key, param] = main;
  const value = step.values[key];
  if (typeof value !== 'number') return title;
  const label = param.label.en.toLowerCase();
  const unit = param.unit ?? 'none';
  switch (unit) {
    case 'percent':
      return `${Number((value * 100).toFixed(1))} % ${label}`;
    case 'bits':
      return `${value} bits`;
    case 'epochs':
      return `${value} epochs`;
    case 'images':
    case 'kB':
      return `${value} ${unit}`;
    case 'none':
      return Number.isInteger(param.step) ? `${value} ${label}` : `${label} ${value}`;
    default:
      throw unit satisfies never;
  }
}

const sweptPoints = 9;

/** About nine values over a slider's range, the current one among them, ascending. Empty where the parameter is no slider. */
export function sweepValues(param: Param | undefined, values: Values, key?: string): readonly number[] {
  if (param?.kind !== 'number' || !isShown(param, values)) return [];
  const { min, max, step } = param;
  const isLog = param.scale === 'log' && min > 0;
  const at = (share: number): number => {
    const value = isLog ? min * (max / min) ** share : min + share * (max - min);
    const snapped = min + Math.round((value - min) / step) * step;
    return Number(Math.min(max, Math.max(min, snapped)).toPrecision(12));
  };
  const spread = Array.from({ length: sweptPoints }, (_, index) => at(index / (sweptPoints - 1)));
  const current = key === undefined ? undefined : values[key];
  if (typeof current === 'number') spread.push(current);
  return [...new Set(spread)].sort((a, b) => a - b);
}
