/**
 * Making tensors. The only way to one is `makeTensor`, which gives it its content id, so that equal tensors are the
 * same entry of a model's table whatever made them.
 */
import { DENSE, type Encoding } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { hash128, hashHex } from '#core/numeric/hash';

/** How many elements a shape holds; 1 for []. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/**
 * A tensor over `data` (not copied: do not write to it afterwards). `data` holds decoded values: masked entries 0,
 * grid and codebook entries on their grid. Throws RangeError where `data` or the mask do not have the shape's size.
 */
export function makeTensor(shape: readonly number[], data: Float32Array, encoding: Encoding = DENSE): Tensor {
  const size = sizeOf(shape);
  if (data.length !== size) throw new RangeError(`shape [${shape}] needs ${size} values, got ${data.length}`);
  if (encoding.mask && encoding.mask.length !== size)
    throw new RangeError(`a mask of ${size} entries was expected, got ${encoding.mask.length}`);
  return { id: contentId(shape, data, encoding), shape, data, encoding };
}

/** A tensor of one repeated value. */
export function filledTensor(shape: readonly number[], value: number): Tensor {
  return makeTensor(shape, new Float32Array(sizeOf(shape)).fill(value));
}

function contentId(shape: readonly number[], data: Float32Array, { mask, values }: Encoding): string {
  const facts: number[] = [shape.length, ...shape, ...hash128(data), mask ? 1 : 0];
  if (mask) facts.push(...hash128(mask));
  switch (values.kind) {
    case 'dense':
      facts.push(0);
      break;
    case 'grid': {
      const { bits, qMin, qMax, axis, symmetric, scale, zeroPoint } = values;
      facts.push(1, bits, qMin, qMax, axis ?? -1, symmetric ? 1 : 0, ...hash128(scale), ...hash128(zeroPoint));
      break;
    }
    case 'codebook':
      facts.push(2, ...hash128(values.centroids));
      if (values.books) facts.push(values.books.axis, ...hash128(values.books.offsets));
      break;
    case 'half':
      facts.push(3);
      break;
    case 'binary':
      facts.push(4, values.axis ?? -1, ...hash128(values.scale));
      break;
    default:
      throw values satisfies never;
  }
  return hashHex(hash128(Float64Array.from(facts)));
}
