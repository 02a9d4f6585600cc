import { describe, expect, test } from 'vitest';
import { type CostedPoint, paretoFront } from '#core/metrics/pareto';
import fc from '../../properties';

const at = (cost: number, value: number): CostedPoint => ({ cost, value });

describe('the Pareto front', () => {
  test('keeps what nothing beats, by rising cost', () => {
    // 2 is beaten by 1 (cheaper and better), 4 by 3 (same cost, better).
    const points = [at(100, 0.99), at(10, 0.95), at(20, 0.9), at(50, 0.97), at(50, 0.96)];
    expect(paretoFront(points)).toEqual([1, 3, 0]);
  });

  test('equal value at a higher cost is beaten; equal points are shown once', () => {
    expect(paretoFront([at(10, 0.9), at(20, 0.9)])).toEqual([0]);
    expect(paretoFront([at(10, 0.9), at(10, 0.9)])).toEqual([0]);
  });

  test('nothing measured, nothing shown', () => {
    expect(paretoFront([])).toEqual([]);
    expect(paretoFront([at(Number.NaN, 0.9), at(10, Number.NaN), at(5, 0.1)])).toEqual([2]);
  });

  test('is exactly the set of points that no other point dominates', () => {
    const point = fc.record({ cost: fc.integer({ min: 1, max: 12 }), value: fc.integer({ min: 0, max: 12 }) });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 25 }), (points) => {
        const front = paretoFront(points);
        const beats = (p: CostedPoint, q: CostedPoint) =>
          p.cost <= q.cost && p.value >= q.value && (p.cost < q.cost || p.value > q.value);
        points.forEach((q, index) => {
          const beaten = points.some(
            (p, other) => beats(p, q) || (other < index && p.cost === q.cost && p.value === q.value),
          );
          expect(front.includes(index)).toBe(!beaten);
        });
      }),
    );
  });
});
