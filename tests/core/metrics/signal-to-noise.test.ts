/** Decibels by hand, and which layer of a rounded model lost what. */
import { describe, expect, it } from 'vitest';
import { oneAtATime, signalToNoise, weightNoise } from '#core/metrics/signal-to-noise';
import { withActivationGrids } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import { denseModel, kernelOf, tensor } from '../passes/helpers';

const EXACT = denseModel(tensor([1, 2], [10, 0]), tensor([2, 1], [1, 1]), tensor([1, 1], [5]));
const ROUNDED = denseModel(tensor([1, 2], [9, 0]), tensor([2, 1], [1, 1]), tensor([1, 1], [5.5]));
const GRID: GridValues = {
  kind: 'grid',
  bits: 8,
  qMin: 0,
  qMax: 255,
  scale: Float32Array.of(0.1),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: false,
};

describe('signal to noise', () => {
  it('is 10 log10 of the power of the signal over that of the error', () => {
    expect(signalToNoise([10, 0], [9, 0])).toBeCloseTo(20, 10);
    expect(signalToNoise([1, 1], [0, 0])).toBeCloseTo(0, 10);
    expect(signalToNoise([1, 2], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  });

  it('is told of the layers that differ', () => {
    expect(weightNoise(EXACT, ROUNDED).map(({ layer, decibels }) => [layer, Math.round(decibels)])).toEqual([
      ['d1', 20],
      ['d3', 20],
    ]);
    expect(weightNoise(EXACT, EXACT)).toEqual([]);
  });
});

describe('one layer at a time', () => {
  it('is the exact model with the weights or the rounded output of that layer', () => {
    const other = withActivationGrids(ROUNDED, { d2: GRID, d3: GRID });
    const found = oneAtATime(EXACT, other);
    expect(found.map(({ layer }) => layer)).toEqual(['d1', 'd2', 'd3']);
    const [first, second, third] = found.map(({ model }) => model);
    expect(first && [...kernelOf(first, 'd1').data]).toEqual([9, 0]);
    expect(first && kernelOf(first, 'd3')).toBe(kernelOf(EXACT, 'd3'));
    expect(first).not.toHaveProperty('activationGrids');
    expect(second?.activationGrids).toEqual({ d2: GRID });
    expect(second?.layers).toEqual(EXACT.layers);
    expect(third?.activationGrids).toEqual({ d3: GRID });
    expect(third && [...kernelOf(third, 'd3').data]).toEqual([5.5]);
  });
});
