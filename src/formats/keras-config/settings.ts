/**
 * Typed access to the settings of one Keras layer. A setting that is missing gets Keras' own default; one that has the
 * wrong type or lies outside its range refuses the file, naming the layer and the setting.
 */
import type { Pair } from '#core/model/layers';
import { isObject, type JsonObject, own } from '#formats/json';
import { LIMITS } from '#formats/limits';
import { HINTS, refuse, shown } from '#formats/refuse';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export interface Settings {
  readonly file: string;
  /** Name of the layer, as errors give it. */
  readonly layer: string;
  readonly config: JsonObject;
  whole(key: string, fallback: number | null, range?: Range): number;
  number(key: string, fallback: number, range?: Range): number;
  flag(key: string, fallback: boolean): boolean;
  choice<V extends string>(key: string, fallback: V, allowed: readonly V[]): V;
  /** Two whole numbers, or one meant twice. */
  pair(key: string, fallback: Pair | null, range?: Range): Pair;
  wrong(key: string, value: unknown, expected: { en: string; zh: string }): never;
}

export function settingsOf(config: JsonObject, file: string, layer: string): Settings {
  const wrong = (key: string, value: unknown, expected: { en: string; zh: string }): never =>
    refuse(
      'bad-setting',
      { file, where: layer },
      {
        en: `"${key}" is ${inJson(value)}; ${expected.en} was expected.`,
        zh: `"${key}" 的值为 ${inJson(value)}，应为${expected.zh}。`,
      },
      HINTS.exportAgain,
    );
  const get = (key: string): unknown => own(config, key) ?? undefined;
  const inRange = (key: string, value: unknown, range: Range, whole: boolean): number => {
    const { min = Number.NEGATIVE_INFINITY, max = LIMITS.dimension } = range;
    if (
      typeof value !== 'number' ||
      !Number.isFinite(value) ||
      value < min ||
      value > max ||
      (whole && !Number.isInteger(value))
    ) {
      const kind = whole ? { en: 'a whole number', zh: '整数' } : { en: 'a number', zh: '数值' };
      const high = typeof value === 'number' && value > max;
      const range_ = high
        ? { en: ` of at most ${max}`, zh: `（不大于 ${max}）` }
        : Number.isFinite(min)
          ? { en: ` of at least ${min}`, zh: `（不小于 ${min}）` }
          : { en: '', zh: '' };
      return wrong(key, value, { en: `${kind.en}${range_.en}`, zh: `${kind.zh}${range_.zh}` });
    }
    return value;
  };
  return {
    file,
    layer,
    config,
    wrong,
    whole: (key, fallback, range = {}) => inRange(key, get(key) ?? fallback, range, true),
    number: (key, fallback, range = {}) => inRange(key, get(key) ?? fallback, range, false),
    flag: (key, fallback) => {
      const value = get(key) ?? fallback;
      if (typeof value === 'boolean') return value;
      if (value === 0 || value === 1) return value === 1;
      return wrong(key, value, { en: 'true or false', zh: ' true 或 false' });
    },
    choice: (key, fallback, allowed) => {
      const value = get(key) ?? fallback;
      const found = allowed.find((one) => one === value);
      return (
        found ??
        wrong(key, value, {
          en: allowed.map((one) => `"${one}"`).join(' or '),
          zh: allowed.map((one) => `"${one}"`).join(' 或 '),
        })
      );
    },
    pair: (key, fallback, range = { min: 1 }) => {
      const value = get(key) ?? fallback;
      const both = Array.isArray(value) ? value : [value, value];
      if (both.length !== 2) return wrong(key, value, { en: 'one or two whole numbers', zh: '一个或两个整数' });
      return [inRange(key, both[0], range, true), inRange(key, both[1], range, true)];
    },
  };
}

/** Shapes as Keras writes them, e.g. [null, 28, 28, 1]; the batch is dropped. Open sizes stay null. */
export function batchShape(value: unknown): readonly (number | null)[] | null {
  if (isObject(value) && own(value, 'class_name') === '__tuple__') return batchShape(own(value, 'items'));
  if (!Array.isArray(value) || value.length < 2) return null;
  const sizes = value.slice(1);
  return sizes.every((size) => size === null || (Number.isInteger(size) && size >= 1 && size <= LIMITS.dimension))
    ? sizes
    : null;
}

function inJson(value: unknown): string {
  if (value === undefined) return 'missing';
  return shown(JSON.stringify(value) ?? String(value)).slice(0, 60);
}
