/**
 * The values on which weights may lie, as positions to draw over a histogram: the steps of a grid, the shared values of a
 * codebook, two signs. Where each channel has its own, those of the channel that reaches farthest stand for all.
 */
import type { Encoding } from '#core/model/encoding';

export interface Levels {
  readonly kind: 'grid' | 'codebook' | 'binary' | 'half';
  /** Ascending; empty where there are too many to draw. */
  readonly values: Float32Array;
  /** How many there are for one weight to lie on. */
  readonly count: number;
  /** Between two steps of a grid. */
  readonly step?: number;
  /** Channels with values of their own; 1 where all share them. */
  readonly channels: number;
}

/** More lines than this are no help to the eye. */
const most = 64;

/** Null where weights may have any value. */
export function levelsOf({ values }: Encoding): Levels | null {
  switch (values.kind) {
    case 'dense':
      return null;
    case 'half':
      return { kind: 'half', values: new Float32Array(0), count: 63_487, channels: 1 };
    case 'binary': {
      const scale = values.scale.reduce((largest, one) => Math.max(largest, one), 0);
      return { kind: 'binary', values: Float32Array.of(-scale, scale), count: 2, channels: values.scale.length };
    }
    case 'grid': {
      const { scale, zeroPoint, qMin, qMax } = values;
      const widest = scale.reduce((best, one, c) => (one > (scale[best] as number) ? c : best), 0);
      const [step, zero] = [scale[widest] as number, zeroPoint[widest] as number];
      const count = qMax - qMin + 1;
      const steps = Float32Array.from({ length: count <= most ? count : 0 }, (_, k) => step * (qMin + k - zero));
      return { kind: 'grid', values: steps, count, step, channels: scale.length };
    }
    case 'codebook': {
      const { centroids, books } = values;
      if (!books) return { kind: 'codebook', values: drawn(centroids), count: centroids.length, channels: 1 };
      const all = Array.from({ length: books.offsets.length - 1 }, (_, c) =>
        centroids.subarray(books.offsets[c], books.offsets[c + 1]),
      );
      const reach = (book: Float32Array): number => (book.at(-1) ?? 0) - (book[0] ?? 0);
      const widest = all.reduce((best, book) => (reach(book) > reach(best) ? book : best), new Float32Array(0));
      const largest = all.reduce((count, book) => Math.max(count, book.length), 0);
      return { kind: 'codebook', values: drawn(widest), count: largest, channels: all.length };
    }
    default:
      throw values satisfies never;
  }
}

function drawn(values: Float32Array): Float32Array {
  return values.length <= most ? values.slice() : new Float32Array(0);
}
