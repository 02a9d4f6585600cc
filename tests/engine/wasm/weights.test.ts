/** What happens to weights (grids, codebooks, penalties, the optimisers), against numbers worked by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#engine/backend';
import type { Op } from '#engine/ops';
import { reference } from '../suite/reference';
import { uniform, type Values, values } from '../suite/values';
import { distance, makePlain, makeRelaxed, runOp } from './harness';

describe.each([
  ['plain SIMD', makePlain],
  ['relaxed SIMD', makeRelaxed],
] as const)('%s', (_, make) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await make();
  });
  afterAll(() => {
    expect(backend.counts()).toMatchObject({ live: 0, bytes: 0 });
    backend.dispose();
  });
  const run = (op: Op, inputs: readonly Values[], ...shapes: number[][]): Promise<Values[]> =>
    runOp(backend, op, inputs, shapes);
  async function forward(
    op: Op,
    inputs: readonly Values[],
    shape: readonly number[],
    tolerance = 3e-6,
  ): Promise<Values> {
    const [got] = await runOp(backend, op, inputs, [shape]);
    const [wanted] = reference(op, inputs, [shape]);
    expect(distance(got as Values, wanted as Values), JSON.stringify(op)).toBeLessThan(tolerance);
    return got as Values;
  }

  it.each([
    [null, [1], [3, 2, 5]],
    [0, [3], [3, 2, 5]],
    [1, [2], [3, 2, 5]],
    [2, [5], [3, 2, 5]],
    [2, [1], [3, 2, 5]],
    // One scale, but long enough rows to be divided, and no whole vectors.
    [null, [1], [3, 1, 19]],
    [2, [19], [3, 1, 19]],
  ] as const)('fake quantization along axis %j, scales %j of %j', async (axis, scales, sides) => {
    const shape = [...sides];
    const [, rows, columns] = sides;
    const count = 3 * rows * columns;
    const w = values(
      shape,
      Array.from({ length: count }, (_, i) => (i - count / 2) * 0.5),
    );
    const scale = values(
      scales,
      Array.from({ length: scales[0] }, (_, i) => 1 + i),
    );
    const zero = values(
      scales,
      Array.from({ length: scales[0] }, (_, i) => i),
    );
    const dy = uniform(shape, 2);
    const [y] = await run({ kind: 'fakeQuantize', qMin: -4, qMax: 3, axis }, [w, scale, zero], shape);
    const [dx] = await run({ kind: 'fakeQuantizeGrad', qMin: -4, qMax: 3, axis }, [w, scale, zero, dy], shape);
    const [ds] = await run({ kind: 'fakeQuantizeScaleGrad', qMin: -4, qMax: 3, axis }, [w, scale, zero, dy], shape);
    const even = (v: number): number => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
    w.data.forEach((value, i) => {
      const index = [Math.floor(i / rows / columns), Math.floor(i / columns) % rows, i % columns];
      const channel = axis === null || scales[0] === 1 ? 0 : (index[axis] as number);
      const s = scale.data[channel] as number;
      const z = zero.data[channel] as number;
      const q = even(value / s) + z;
      expect(y?.data[i], `at ${i}`).toBeCloseTo(s * (Math.min(3, Math.max(-4, q)) - z), 6);
      expect(dx?.data[i]).toBe(q >= -4 && q <= 3 ? dy.data[i] : 0);
      const code = value / s + z;
      const slope = code <= -4 ? -4 - z : code >= 3 ? 3 - z : even(value / s) - value / s;
      expect(ds?.data[i], `slope at ${i}`).toBeCloseTo(slope * (dy.data[i] as number), 5);
    });
  });

  it('looks up centroids and gathers their gradients', async () => {
    const indices = values([2, 5], [0, 2, -1, 1, 2, 2, 0, -1, 1, 0]);
    await forward({ kind: 'lookup' }, [uniform([3], 1), indices], [2, 5], 1e-7);
    const [sums] = await run({ kind: 'lookupGrad' }, [indices, values([2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])], [3]);
    expect([...(sums as Values).data]).toEqual([18, 13, 13]);
  });

  it('adds penalties to a gradient', async () => {
    const [got] = await run(
      { kind: 'penaltyGrad', l1: 0.5, l2: 0.25 },
      [values([3], [2, 0, -4]), values([3], [1, 1, 1])],
      [3],
    );
    expect([...(got as Values).data]).toEqual([2.5, 1, -1.5]);
  });

  it.each([
    { kind: 'sgd' },
    { kind: 'momentum', momentum: 0.9 },
    { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  ] as const)('optimises with $kind, masked and not', async (optimizer) => {
    const moments = optimizer.kind === 'adam' ? 2 : optimizer.kind === 'momentum' ? 1 : 0;
    const sizes = [7, 3, 5, 2];
    const masked = [false, false, true, false];
    const inputs: Values[] = [values([1], [0.01])];
    const inPlace: number[] = [];
    const shapes: number[][] = [];
    const wanted: number[][] = [];
    sizes.forEach((size, i) => {
      const p = uniform([size], 10 + i);
      const g = uniform([size], 20 + i);
      const m = uniform([size], 30 + i);
      const v = uniform([size], 40 + i, 0, 1);
      const keep = [...p.data].map((_, at) => (masked[i] && at % 2 === 0 ? 0 : 1));
      const first = inputs.length;
      inputs.push(
        p,
        g,
        ...(moments > 0 ? [m] : []),
        ...(moments > 1 ? [v] : []),
        ...(masked[i] ? [values([size], keep)] : []),
      );
      inPlace.push(first, ...(moments > 0 ? [first + 2] : []), ...(moments > 1 ? [first + 3] : []));
      for (let j = 0; j <= moments; j++) shapes.push([size]);
      const out: number[][] = [[], [], []];
      keep.forEach((kept, at) => {
        const grad = (g.data[at] as number) * kept;
        let m1 = (m.data[at] as number) * kept;
        let v1 = (v.data[at] as number) * kept;
        let step = grad;
        if (optimizer.kind === 'momentum') {
          m1 = 0.9 * m1 + grad;
          step = m1;
        } else if (optimizer.kind === 'adam') {
          m1 = 0.9 * m1 + 0.1 * grad;
          v1 = 0.999 * v1 + 0.001 * grad * grad;
          step = kept ? m1 / (Math.sqrt(v1) + 1e-7) : 0;
        }
        out[0]?.push((p.data[at] as number) - 0.01 * step);
        out[1]?.push(m1);
        out[2]?.push(v1);
      });
      wanted.push(...out.slice(0, moments + 1));
    });
    const got = await runOp(
      backend,
      { kind: 'optimize', optimizer, count: sizes.length, masked },
      inputs,
      shapes,
      inPlace,
    );
    got.forEach((one, i) => {
      expect(distance(one, values(one.shape, wanted[i] as number[])), `output ${i}`).toBeLessThan(2e-6);
    });
  });
});
