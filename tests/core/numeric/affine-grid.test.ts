/** Grids worked by hand: ternary, 8 bits, asymmetric zero points, and the search for a clip. */
import { describe, expect, it } from 'vitest';
import {
  type Codes,
  codesFor,
  type Grid,
  leastErrorGrid,
  snap as snapAll,
  spanningGrid,
} from '#core/numeric/affine-grid';

function snap(x: number, grid: Grid, codes: Codes): number {
  const to = new Float32Array(3);
  snapAll(Float32Array.from([9, x, 9]), to, 1, 2, grid, codes);
  expect([to[0], to[2]]).toEqual([0, 0]);
  return to[1] as number;
}

describe('integer codes', () => {
  it('are symmetric without the lowest code, and 2 bits are ternary', () => {
    expect(codesFor(2, true)).toMatchObject({ qMin: -1, qMax: 1 });
    expect(codesFor(8, true)).toMatchObject({ qMin: -127, qMax: 127 });
    expect(codesFor(16, true)).toMatchObject({ qMin: -32767, qMax: 32767 });
  });
  it('are unsigned where they are not symmetric', () => {
    expect(codesFor(2, false)).toMatchObject({ qMin: 0, qMax: 3 });
    expect(codesFor(16, false)).toMatchObject({ qMin: 0, qMax: 65535 });
  });
});

describe('the spanning grid', () => {
  it('divides the largest magnitude: 2.54 at 8 bits has steps of 0.02', () => {
    const grid = spanningGrid(Float32Array.from([1, -2.54, 0.3]), codesFor(8, true));
    expect(grid).toEqual({ scale: Math.fround(Math.fround(2.54) / 127), zero: 0 });
    expect(snap(0.031, grid, codesFor(8, true))).toBeCloseTo(0.04, 6);
    expect(snap(-7, grid, codesFor(8, true))).toBeCloseTo(-2.54, 6);
  });

  it('puts the zero point on an integer: -1 to 2 at 2 bits has codes 0 1 2 3 for -1 0 1 2', () => {
    const codes = codesFor(2, false);
    const grid = spanningGrid(Float32Array.from([-1, 2]), codes);
    expect(grid).toEqual({ scale: 1, zero: 1 });
    expect([-1, -0.4, 0, 0.6, 1.4, 2, 9].map((x) => snap(x, grid, codes))).toEqual([-1, 0, 0, 1, 1, 2, 2]);
  });

  it('rounds half to even', () => {
    const codes = codesFor(8, true);
    expect([0.5, 1.5, 2.5, -0.5, -1.5].map((x) => snap(x, { scale: 1, zero: 0 }, codes) + 0)).toEqual([0, 2, 2, 0, -2]);
  });

  it('always has zero, whatever the values, and scale 1 for zeros only', () => {
    for (const symmetric of [true, false]) {
      const codes = codesFor(4, symmetric);
      for (const values of [[3, 4], [-4, -3], [0, 0], [1e-45], [-7, 5, 1e-3]]) {
        const grid = spanningGrid(Float32Array.from(values), codes);
        expect(grid.scale).toBeGreaterThan(0);
        expect(snap(0, grid, codes)).toBe(0);
      }
    }
    expect(spanningGrid(Float32Array.from([0, 0]), codesFor(8, true)).scale).toBe(1);
  });
});

describe('the grid of least error', () => {
  const codes = codesFor(2, true);
  const error = (values: Float32Array, grid: { scale: number; zero: number }): number =>
    values.reduce((sum, x) => sum + (x - snap(x, grid, codes)) ** 2, 0);

  it('cuts off an outlier where that is better: 100 ones and a 1.9 at 2 bits', () => {
    const values = Float32Array.from([...Array.from({ length: 100 }, (_, i) => (i % 2 ? 1 : -1)), 1.9, 3]);
    const full = spanningGrid(values, codes);
    const least = leastErrorGrid(values, codes);
    expect(full.scale).toBe(3);
    expect(error(values, full)).toBeGreaterThan(100);
    expect(least.scale).toBeGreaterThan(0.9);
    expect(least.scale).toBeLessThan(1.15);
    expect(error(values, least)).toBeLessThan(7);
  });

  it('keeps the full range where nothing is gained', () => {
    const values = Float32Array.from([-1, 0, 1]);
    expect(leastErrorGrid(values, codes)).toEqual({ scale: 1, zero: 0 });
  });
});
