/** Extents, percentiles and TensorRT's entropy threshold, on small histograms worked by hand or by brute force. */
import { describe, expect, it } from 'vitest';
import { codesFor, type Grid, gridFor, leastErrorGrid, snap, spanningGrid } from '#core/numeric/affine-grid';
import { quantizationThreshold } from '#core/numeric/entropy-range';
import { normal, seededRandom } from '#core/numeric/random';
import { extentOf, gatherer, spreadOf } from '#core/numeric/spread';

const gaussian = (count: number, seed = 1): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => normal(random));
};

/** The divergence as the paper writes it: P with what is cut off in its last bin, Q even over the bins in use of each level. */
function divergence(counts: readonly number[], cut: number, levels: number): number {
  const p = counts.slice(0, cut);
  p[cut - 1] = (p[cut - 1] as number) + counts.slice(cut).reduce((sum, c) => sum + c, 0);
  const q = p.map(() => 0);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.floor((level * cut) / levels), Math.floor(((level + 1) * cut) / levels)];
    const part = counts.slice(from, to);
    const used = part.filter((c) => c > 0).length;
    for (let i = from; i < to; i++) if ((counts[i] as number) > 0) q[i] = part.reduce((sum, c) => sum + c, 0) / used;
  }
  const [sumP, sumQ] = [p.reduce((a, b) => a + b, 0), q.reduce((a, b) => a + b, 0)];
  return p.reduce((sum, one, i) => {
    if (one === 0) return sum;
    return sum + (one / sumP) * Math.log(one / sumP / ((q[i] || 1e-4) / sumQ));
  }, 0);
}

describe('the entropy threshold', () => {
  it('is the cut of least divergence, tried one by one', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 20; round++) {
      const counts = Array.from({ length: 40 }, (_, i) => Math.floor(random() * 200 * Math.exp(-i / 6)));
      counts[39] = 3;
      const levels = 4 + round;
      let best = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let cut = levels; cut <= 40; cut++) {
        const d = divergence(counts, cut, levels);
        if (d <= least + 1e-12) [least, best] = [d, cut];
      }
      expect(quantizationThreshold(Float64Array.from(counts), levels)).toBe(Math.min(1, (best + 0.5) / 40));
    }
  });

  it('cuts off one far value of a bell, and keeps everything where there are as many levels as bins', () => {
    const values = gaussian(20_000);
    values[7] = 60;
    const cut = spreadOf(values).entropy(128);
    expect(cut.high).toBeGreaterThan(2.5);
    expect(cut.high).toBeLessThan(8);
    expect(quantizationThreshold(Float64Array.of(5, 3, 1), 3)).toBe(1);
  });
});

describe('percentiles', () => {
  it('leave out the share that they say: 1,000 values from 1 to 1,000', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
    const spread = spreadOf(values);
    // A bin is 1,000 / 1,024 wide.
    expect(Math.abs(spread.percentile(0.9, true).high - 900)).toBeLessThan(2);
    expect(Math.abs(spread.percentile(0.9, false).high - 950)).toBeLessThan(2);
    expect(spread.percentile(0.9, false).low).toBe(0);
    expect(spread.percentile(1, true)).toEqual({ low: 0, high: 1000 });
  });

  it('are of both ends where the grid is not symmetric', () => {
    const { low, high } = spreadOf(gaussian(100_000)).percentile(0.95, false);
    expect(low).toBeCloseTo(-1.96, 1);
    expect(high).toBeCloseTo(1.96, 1);
    expect(spreadOf(Float32Array.of(-1, 0, 0, 0)).percentile(0.5, false).low).toBeLessThan(0);
  });

  it('of nothing but zeros are zeros, and NaN is left out', () => {
    expect(spreadOf(new Float32Array(9)).percentile(0.9, true)).toEqual({ low: 0, high: 0 });
    expect(extentOf(Float32Array.of(Number.NaN, -2, Number.POSITIVE_INFINITY, 1))).toEqual({ low: -2, high: 1 });
    expect(spreadOf(new Float32Array(0)).entropy(8)).toEqual({ low: 0, high: 0 });
  });
});

describe('a spread gathered in batches', () => {
  it('has the extent and percentiles of all values, and a sample with both ends', () => {
    const values = gaussian(50_000);
    const extent = extentOf(values);
    const { add, spread } = gatherer(extent, values.length);
    for (let at = 0; at < values.length; at += 700) add(values.subarray(at, at + 700));
    const [batched, whole] = [spread(), spreadOf(values)];
    expect(batched.percentile(0.999, true)).toEqual(whole.percentile(0.999, true));
    expect(batched.entropy(128)).toEqual(whole.entropy(128));
    expect(batched.sample.length).toBeLessThanOrEqual(8192);
    expect(batched.sample.length).toBeGreaterThan(7000);
    expect(Math.max(...batched.sample)).toBe(extent.high);
    expect(Math.min(...batched.sample)).toBe(extent.low);
  });
});

describe('the grid of least error for thinned values', () => {
  // 200,000 values of a bell, of which 8,192 are in the sample: the few that are far out must not be too many there, or none.
  const values = gaussian(200_000);
  const codes = codesFor(8, true);
  const errorOf = (grid: Grid): number => {
    const snapped = new Float32Array(values.length);
    snap(values, snapped, 0, values.length, grid, codes);
    return values.reduce((sum, x, i) => sum + (x - (snapped[i] as number)) ** 2, 0);
  };
  const best = errorOf(leastErrorGrid(values, codes));

  it('errs no more than a hundredth beyond the best for all values', () => {
    expect(errorOf(gridFor(spreadOf(values), codes, 'error'))).toBeLessThan(1.01 * best);
  });

  it('nor where they come in batches', () => {
    const { add, spread } = gatherer(extentOf(values), values.length);
    for (let at = 0; at < values.length; at += 500) add(values.subarray(at, at + 500));
    expect(errorOf(gridFor(spread(), codes, 'error'))).toBeLessThan(1.01 * best);
  });

  it('weighs one value far from all others as what it is', () => {
    // Ones, and a single 300: no clip is worth what it costs there.
    const ones = new Float32Array(10_000).fill(1);
    ones[5] = 300;
    const spread = spreadOf(ones);
    expect(spread.whole).toBe(false);
    expect(gridFor(spread, codes, 'error')).toEqual(leastErrorGrid(ones, codes));
    expect(gridFor(spread, codes, 'error')).toEqual(spanningGrid(ones, codes));
  });
});

describe('the grid for a spread', () => {
  it('reaches as far as the method says, with zero on it', () => {
    const values = gaussian(20_000);
    const spread = spreadOf(values);
    const codes = codesFor(8, true);
    expect(gridFor(spread, codes, 'full')).toEqual(spanningGrid(values, codes));
    const scales = (['full', 'p9999', 'p999'] as const).map((method) => gridFor(spread, codes, method).scale);
    expect(scales).toEqual([...scales].sort((a, b) => b - a));
    for (const method of ['full', 'error', 'p999', 'p9999', 'entropy'] as const) {
      const { zero, scale } = gridFor(spread, codesFor(4, false), method);
      expect(Number.isInteger(zero)).toBe(true);
      expect(zero).toBeGreaterThanOrEqual(0);
      expect(zero).toBeLessThanOrEqual(15);
      expect(scale).toBeGreaterThan(0);
    }
  });
});
