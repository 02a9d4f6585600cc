/** Adaptive rounding where the best choice is known: errors that cancel, ReLUs, masks, and the ends of a grid. */
import { describe, expect, it } from 'vitest';
import { adaptiveRounding, type RoundingProblem } from '#core/numeric/adaptive-rounding';
import { seededRandom } from '#core/numeric/random';

function problem(steps: readonly number[], x: Float32Array, changes: Partial<RoundingProblem> = {}): RoundingProblem {
  const inputs = changes.inputs ?? steps.length;
  const outputs = changes.outputs ?? 1;
  const y = new Float32Array((x.length / inputs) * outputs);
  for (let r = 0; r < x.length / inputs; r++)
    for (let k = 0; k < inputs; k++)
      for (let o = 0; o < outputs; o++)
        y[r * outputs + o] =
          (y[r * outputs + o] as number) + (x[r * inputs + k] as number) * (steps[k * outputs + o] as number);
  return {
    x,
    y,
    inputs,
    outputs,
    steps: Float32Array.from(steps),
    scale: new Float32Array(outputs).fill(1),
    low: -7,
    high: 7,
    mask: null,
    bias: null,
    ...changes,
  };
}
const solve = (one: RoundingProblem, iterations = 400) =>
  adaptiveRounding(one, iterations, seededRandom(3), async () => {});
/** Inputs that always come together. */
const together = (inputs: number, rows = 64): Float32Array => {
  const random = seededRandom(4);
  return Float32Array.from({ length: rows }, random).reduce(
    (all, value, r) => {
      for (let k = 0; k < inputs; k++) all[r * inputs + k] = value;
      return all;
    },
    new Float32Array(rows * inputs),
  );
};

describe('adaptive rounding', () => {
  it('lets errors cancel: 0.3, 0.55, 0.6 and 0.7 steps on one input sum to 2.15, so two of them go up', async () => {
    const found = await solve(problem([0.3, 0.55, 0.6, 0.7], together(4)), 1000);
    expect(found.steps.reduce((sum, step) => sum + step, 0)).toBe(2);
    expect(found.steps.every((step) => step === 0 || step === 1)).toBe(true);
    // To nearest three go up: an error of 0.85 against 0.15.
    expect(found.chosen / found.nearest).toBeCloseTo(0.15 ** 2 / 0.85 ** 2, 5);
  });

  it('rounds to nearest where inputs have nothing in common', async () => {
    const x = new Float32Array(64 * 4);
    for (let r = 0; r < 64; r++) x[r * 4 + (r % 4)] = 1;
    const found = await solve(problem([0.4, 0.7, -1.2, 2.1], x));
    expect([...found.steps]).toEqual([0, 1, -1, 2]);
    expect(found.chosen).toBe(found.nearest);
  });

  it('leaves pruned weights at 0 and stays on the grid', async () => {
    const mask = Uint8Array.of(0, 1, 1, 1);
    const one = { ...problem([0, 0.4, 0.4, 7.9], together(4)), mask };
    const { steps } = await solve(one);
    expect(steps[0]).toBe(0);
    expect(steps[3]).toBe(7);
    expect(steps.every((step) => step >= -7 && step <= 7)).toBe(true);
  });

  it('is never worse than rounding to nearest, behind a ReLU too', async () => {
    const random = seededRandom(8);
    for (let round = 0; round < 5; round++) {
      const steps = Array.from({ length: 24 }, () => random() * 6 - 3);
      const x = Float32Array.from({ length: 100 * 8 }, () => Math.max(0, random() - 0.3));
      const one = problem(steps, x, { inputs: 8, outputs: 3, bias: Float32Array.of(0.5, -0.5, 0) });
      const found = await solve(one, 200);
      expect(found.chosen).toBeLessThanOrEqual(found.nearest);
      expect(found.steps.every((step, i) => Math.abs(step - (steps[i] as number)) < 1)).toBe(true);
    }
  });

  it('leaves no single output farther off than rounding to nearest does', async () => {
    const random = seededRandom(3);
    for (let round = 0; round < 12; round++) {
      const steps = Array.from({ length: 12 * 4 }, () => random() * 6 - 3);
      const x = Float32Array.from({ length: 40 * 12 }, () => 1 + 0.6 * (random() - 0.5));
      const found = await solve(problem(steps, x, { inputs: 12, outputs: 4 }), 200);
      for (let o = 0; o < 4; o++) {
        const errorOf = (rounded: ArrayLike<number>): number => {
          let sum = 0;
          for (let r = 0; r < 40; r++) {
            let off = 0;
            for (let k = 0; k < 12; k++)
              off += (x[r * 12 + k] as number) * ((rounded[k * 4 + o] as number) - (steps[k * 4 + o] as number));
            sum += off * off;
          }
          return sum;
        };
        expect(errorOf(found.steps)).toBeLessThan(1.001 * errorOf(steps.map(Math.round)) + 1e-6);
      }
    }
  });

  it('stops when its pause throws', async () => {
    const stop = new Error('stopped');
    await expect(
      adaptiveRounding(problem([0.4, 0.4], together(2)), 100, seededRandom(1), () => Promise.reject(stop)),
    ).rejects.toBe(stop);
  });
});
