/** Arrays with a shape, in double precision, as the naive reference computes with them. */
import { seededRandom } from '#core/numeric/random';

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

export function values(shape: readonly number[], data: Iterable<number>): Values {
  const array = Float64Array.from(data);
  if (array.length !== sizeOf(shape)) throw new Error(`[${shape}] cannot hold ${array.length} values`);
  return { shape, data: array };
}

/** Uniform in [low, high), single-precision numbers, so that every backend starts from the same ones. */
export function uniform(shape: readonly number[], seed: number, low = -1, high = 1): Values {
  const random = seededRandom(seed);
  return values(
    shape,
    Array.from({ length: sizeOf(shape) }, () => Math.fround(low + (high - low) * random())),
  );
}

/** Numbers that differ by at least 0.05 and stay away from 0, in a seeded order: no ties, no kinks. */
export function distinct(shape: readonly number[], seed: number): Values {
  const size = sizeOf(shape);
  const random = seededRandom(seed);
  const all = Array.from({ length: size }, (_, i) => Math.fround((i - size / 2 + 0.5) * 0.05));
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as number, all[i] as number];
  }
  return values(shape, all);
}

/** Row-major place of an index. */
export function placeOf(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((place, at, axis) => place * (shape[axis] as number) + at, 0);
}

/** The value at an index; sides of 1 are broadcast. */
export function valueAt(x: Values, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length).map((at, axis) => (x.shape[axis] === 1 ? 0 : at));
  return x.data[placeOf(x.shape, own)] as number;
}

/** Fills an array by index. */
export function filled(shape: readonly number[], fill: (index: readonly number[]) => number): Values {
  const data = new Float64Array(sizeOf(shape));
  for (const index of indices(shape)) data[placeOf(shape, index)] = fill(index);
  return { shape, data };
}

/** Every index of a shape, row-major. */
export function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const index = shape.map(() => 0);
  for (let left = sizeOf(shape); left > 0; left--) {
    yield [...index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
}
