/**
 * k-means in one dimension. The values are sorted once and summed up, so that a cluster is an interval and one round of
 * Lloyd's iteration costs k short searches, whatever the number of values. With k at least the number of distinct values the answer is
 * exact. A cluster that loses its members is given half of the widest heavy one, so none is wasted.
 * Lloyd 1982; k-means++: Arthur and Vassilvitskii 2007; linear and density starts: Han, Mao, Dally 2016.
 */
import { countBelow, sortFloats } from '#core/numeric/radix';

/** Where the centroids start: even steps of value, even steps of rank, random members, or far from each other. */
export type Start = 'linear' | 'density' | 'random' | 'plusplus';

/** A sample made ready: the values ascending, and sums[i] the sum of the first i. `distinct` counts different values. */
export interface Sample {
  readonly sorted: Float32Array;
  readonly sums: Float64Array;
  readonly distinct: number;
}

const ROUNDS = 60;
/** Rounds end when no centroid moves by more than this share of the range. */
const STILL = 1e-7;
/** Bins of equal width by which k-means++ looks at the sample. */
const BINS = 4096;

export function prepareSample(values: Float32Array): Sample {
  const sorted = sortFloats(values);
  const sums = new Float64Array(sorted.length + 1);
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) {
    sums[i + 1] = (sums[i] as number) + (sorted[i] as number);
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  }
  return { sorted, sums, distinct };
}

/**
 * At most k centroids, ascending and different from each other, as float32. Empty for an empty sample; k below 1 is
 * taken as 1. `random` is used by the starts 'random' and 'plusplus' only.
 */
export function kMeans(sample: Sample, k: number, start: Start, random: () => number): Float32Array {
  const { sorted, distinct } = sample;
  if (sorted.length === 0) return new Float32Array(0);
  if (k >= distinct) return distinctOf(sorted);
  let centroids = startOf(sample, Math.max(1, Math.floor(k)), start, random).sort();
  const still = STILL * ((sorted.at(-1) as number) - (sorted[0] as number));
  const count = centroids.length;
  const intervals: Intervals = {
    begins: new Int32Array(count),
    ends: new Int32Array(count),
    weights: new Float64Array(count),
  };
  for (let round = 0; round < ROUNDS; round++) {
    const next = fillEmpty(sample, centroids, intervals);
    let moved = 0;
    for (let c = 0; c < next.length; c++)
      moved = Math.max(moved, Math.abs((next[c] as number) - (centroids[c] as number)));
    centroids = next;
    if (moved <= still) break;
  }
  return distinctOf(Float32Array.from(centroids));
}

/** Every value (where `mask` is absent or 1) replaced by the nearest centroid, the lower of two equally near; 0 elsewhere. */
export function assignNearest(values: Float32Array, centroids: Float32Array, mask?: Uint8Array): Float32Array {
  const assigned = new Float32Array(values.length);
  const last = centroids.length - 1;
  if (last < 0) return assigned;
  const middles = new Float64Array(last);
  for (let c = 0; c < last; c++) middles[c] = ((centroids[c] as number) + (centroids[c + 1] as number)) / 2;
  // A table of equal steps says where the search for a value's cluster begins.
  const low = centroids[0] as number;
  const steps = 4 * (last + 1);
  const perStep = last > 0 ? steps / ((centroids[last] as number) - low) : 0;
  const first = new Uint32Array(steps + 1);
  for (let s = 0, c = 0; s <= steps; s++) {
    while (c < last && (middles[c] as number) < low + (s - 1) / perStep) c++;
    first[s] = c;
  }
  for (let i = 0; i < values.length; i++) {
    if (mask && !mask[i]) continue;
    const x = values[i] as number;
    const step = Math.floor((x - low) * perStep);
    let c = first[Math.max(0, Math.min(steps, step))] as number;
    while (c < last && x > (middles[c] as number)) c++;
    assigned[i] = centroids[c] as number;
  }
  return assigned;
}

/** The different values of an ascending array. */
function distinctOf(sorted: Float32Array): Float32Array {
  const found = new Float32Array(sorted.length);
  let count = 0;
  for (let i = 0; i < sorted.length; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) found[count++] = sorted[i] as number;
  return found.slice(0, count);
}

function startOf(sample: Sample, k: number, start: Start, random: () => number): Float64Array {
  const { sorted } = sample;
  const n = sorted.length;
  const low = sorted[0] as number;
  const high = sorted[n - 1] as number;
  switch (start) {
    case 'linear':
      return Float64Array.from({ length: k }, (_, i) =>
        k === 1 ? (low + high) / 2 : low + ((high - low) * i) / (k - 1),
      );
    case 'density':
      return Float64Array.from({ length: k }, (_, i) => sorted[Math.floor(((i + 0.5) * n) / k)] as number);
    case 'random':
      return Float64Array.from({ length: k }, () => sorted[Math.floor(random() * n)] as number);
    case 'plusplus':
      return farApart(sample, k, random);
    default:
      throw start satisfies never;
  }
}

/** k-means++ over the bins' means: each next centroid is drawn with probability in proportion to its squared distance. */
function farApart({ sorted, sums }: Sample, k: number, random: () => number): Float64Array {
  const low = sorted[0] as number;
  const width = ((sorted.at(-1) as number) - low) / BINS;
  const means: number[] = [];
  const counts: number[] = [];
  for (let bin = 0, begin = 0; bin < BINS && begin < sorted.length; bin++) {
    const end = bin === BINS - 1 ? sorted.length : countBelow(sorted, low + (bin + 1) * width);
    if (end <= begin) continue;
    means.push(((sums[end] as number) - (sums[begin] as number)) / (end - begin));
    counts.push(end - begin);
    begin = end;
  }
  const distances = new Float64Array(means.length).fill(1);
  const centroids = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    let total = 0;
    for (let i = 0; i < means.length; i++) total += (distances[i] as number) * (counts[i] as number);
    let left = random() * total;
    let chosen = 0;
    for (let i = 0; i < means.length; i++) {
      const share = (distances[i] as number) * (counts[i] as number);
      if (share === 0) continue;
      chosen = i;
      left -= share;
      if (left < 0) break;
    }
    const centre = means[chosen] as number;
    centroids[c] = centre;
    for (let i = 0; i < means.length; i++) {
      const distance = ((means[i] as number) - centre) ** 2;
      if (c === 0 || distance < (distances[i] as number)) distances[i] = distance;
    }
  }
  return centroids;
}

/** Clusters as intervals of a sorted sample, from begins[c] up to ends[c]. Used again from round to round. */
interface Intervals {
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** How much there is to gain by halving each: only while some are missing. */
  readonly weights: Float64Array;
}

/** One round of Lloyd's iteration on ascending centroids; clusters without members take half of another. */
function fillEmpty(sample: Sample, centroids: Float64Array, intervals: Intervals): Float64Array {
  const { sorted, sums } = sample;
  const { begins, ends } = intervals;
  const k = centroids.length;
  let count = 0;
  for (let c = 0, begin = 0; c < k; c++) {
    // The first value above the middle belongs to the next centroid.
    const end =
      c === k - 1
        ? sorted.length
        : countUpTo(sorted, ((centroids[c] as number) + (centroids[c + 1] as number)) / 2, begin);
    if (end <= begin) continue;
    begins[count] = begin;
    ends[count++] = end;
    begin = end;
  }
  if (count < k) splitWidest(sample, intervals, count, k);
  const means = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    const [begin, end] = [begins[c] as number, ends[c] as number];
    means[c] = ((sums[end] as number) - (sums[begin] as number)) / (end - begin);
  }
  return means;
}

/** Halves the interval that is widest for its members, over and over, until `count` intervals are k. */
function splitWidest({ sorted }: Sample, { begins, ends, weights }: Intervals, count: number, k: number): void {
  const weigh = (c: number): void => {
    const [begin, end] = [begins[c] as number, ends[c] as number];
    weights[c] = (end - begin) * ((sorted[end - 1] as number) - (sorted[begin] as number)) ** 2;
  };
  for (let c = 0; c < count; c++) weigh(c);
  for (let held = count; held < k; held++) {
    let widest = 0;
    for (let c = 1; c < held; c++) if ((weights[c] as number) > (weights[widest] as number)) widest = c;
    const [begin, end] = [begins[widest] as number, ends[widest] as number];
    const cut = countUpTo(sorted, ((sorted[begin] as number) + (sorted[end - 1] as number)) / 2, begin);
    for (const list of [begins, ends, weights]) list.copyWithin(widest + 2, widest + 1, held);
    ends[widest] = cut;
    begins[widest + 1] = cut;
    ends[widest + 1] = end;
    weigh(widest);
    weigh(widest + 1);
  }
}

/** How many entries of an ascending array are at most `x`, where at least `from` are: in steps that double, then halve. */
function countUpTo(sorted: Float32Array, x: number, from: number): number {
  let lo = from;
  let step = 1;
  while (lo + step <= sorted.length && (sorted[lo + step - 1] as number) <= x) {
    lo += step;
    step *= 2;
  }
  let hi = Math.min(sorted.length, lo + step - 1);
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if ((sorted[mid] as number) <= x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
