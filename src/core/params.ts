/**
 * Kinds of parameter as data. One declaration yields the value types a pass receives, the form that is drawn, the
 * recipe's JSON and the random inputs of the contract tests. No code here draws or runs anything.
 */

/** A text in each language of the page. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

interface Common {
  readonly label: Words;
  readonly help?: Words;
  /** A live parameter is a slider whose every move is previewed; others enter `prepare`. Default false. */
  readonly live?: boolean;
  /** False for one that is not live and that `prepare` does not read: what was made ready serves all its values. Default true. */
  readonly prepares?: boolean;
  /** Most people never change it: it stands behind a fold. Not for live parameters. Default false. */
  readonly advanced?: boolean;
  /** Shown only when this holds, e.g. { student: ['narrower'] }. */
  readonly when?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
}
export interface NumberParam extends Common {
  readonly kind: 'number';
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly default: number;
  /** 'percent' shows a share of 0 to 1 as 0 to 100 %. */
  readonly unit?: 'percent' | 'bits' | 'epochs' | 'images' | 'kB' | 'none';
  /** 'slider' (default) or a number field. */
  readonly control?: 'slider' | 'field';
  readonly scale?: 'linear' | 'log';
}
export interface ChoiceParam<V extends string = string> extends Common {
  readonly kind: 'choice';
  readonly options: readonly { readonly value: V; readonly label: Words }[];
  readonly default: V;
}
export interface FlagParam extends Common {
  readonly kind: 'flag';
  readonly default: boolean;
}
/** Some of the model's layers, by name; an empty list means all that the pass can act on. */
export interface LayersParam extends Common {
  readonly kind: 'layers';
  readonly default: readonly string[];
}
/** Another predictor of the project, by node id; '' means the model itself. */
export interface PredictorParam extends Common {
  readonly kind: 'predictor';
  readonly default: string;
}
/**
 * Which classes of the data set go together: by class index, the number of its group from 1 on, as text. An empty list
 * leaves it to the method. How many groups there are, whoever draws the form knows.
 */
export interface ClassGroupsParam extends Common {
  readonly kind: 'classGroups';
  readonly default: readonly string[];
}
export type Param = NumberParam | ChoiceParam | FlagParam | LayersParam | PredictorParam | ClassGroupsParam;
export type Params = Readonly<Record<string, Param>>;

type ValueOf<P extends Param> = P extends NumberParam
  ? number
  : P extends ChoiceParam<infer V>
    ? V
    : P extends FlagParam
      ? boolean
      : P extends LayersParam | ClassGroupsParam
        ? readonly string[]
        : string;
export type ValuesOf<P extends Params> = { readonly [K in keyof P]: ValueOf<P[K]> };
/** Any pass's values, as a recipe stores them. */
export type Values = Readonly<Record<string, number | string | boolean | readonly string[]>>;

/** The declared defaults. */
export function defaultsOf<P extends Params>(params: P): ValuesOf<P> {
  return Object.fromEntries(Object.entries(params).map(([key, param]) => [key, param.default])) as ValuesOf<P>;
}

/** The same of each of a list, by its id. */
export function defaultsById(
  list: readonly { readonly id: string; readonly params: Params }[],
): Readonly<Record<string, Values>> {
  return Object.fromEntries(list.map(({ id, params }) => [id, defaultsOf(params) as Values]));
}

/**
 * Values fit to the declaration: missing or wrongly typed ones become the default, numbers are clamped to their range
 * and snapped to their step, unknown keys are dropped.
 */
export function clampValues<P extends Params>(params: P, values: Readonly<Record<string, unknown>>): ValuesOf<P> {
  return Object.fromEntries(
    Object.entries(params).map(([key, param]) => [
      key,
      clampValue(param, Object.hasOwn(values, key) ? values[key] : undefined),
    ]),
  ) as ValuesOf<P>;
}

function clampValue(param: Param, value: unknown): Values[string] {
  switch (param.kind) {
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return param.default;
      const steps = Math.round((value - param.min) / param.step);
      // A logarithmic range is fine-grained, but counts (clusters, images) stay whole.
      const free = param.scale === 'log' && !Number.isInteger(param.step);
      const snapped = free ? value : Number((param.min + steps * param.step).toPrecision(12));
      return Math.min(param.max, Math.max(param.min, snapped));
    }
    case 'choice':
      return param.options.some((option) => option.value === value) ? (value as string) : param.default;
    case 'flag':
      return typeof value === 'boolean' ? value : param.default;
    case 'layers':
      return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : param.default;
    case 'predictor':
      return typeof value === 'string' ? value : param.default;
    case 'classGroups':
      return Array.isArray(value) && value.every((group) => /^[1-9]\d*$/.test(String(group)))
        ? value.map(String)
        : param.default;
    default:
      throw param satisfies never;
  }
}

/** Whether a parameter is in force, given the others. */
export function isShown(param: Param, values: Values): boolean {
  if (!param.when) return true;
  return Object.entries(param.when).every(([key, allowed]) =>
    allowed.includes(values[key] as string | number | boolean),
  );
}
