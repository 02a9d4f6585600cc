/** Schedules at points worked by hand. */
import { describe, expect, it } from 'vitest';
import { pruningSteps, scheduleFormula, sparsityAt, stepDue } from '#core/passes/shared/schedule';

describe('schedules', () => {
  it('are cubic as in Zhu and Gupta: an eighth of the way is left at half time', () => {
    // 0.8 + (0 - 0.8) (1 - 1/2)^3 = 0.8 - 0.1; at a quarter (3/4)^3 = 27/64 is left.
    expect(sparsityAt('cubic', 0, 0.8, 0.5)).toBeCloseTo(0.7, 12);
    expect(sparsityAt('cubic', 0.4, 0.8, 0.25)).toBeCloseTo(0.8 - (0.4 * 27) / 64, 12);
  });

  it('are log-cubic: the density falls by the same curve in its logarithm', () => {
    // From 1 to 1/256 in density: at half time an eighth of the 8 halvings is left, so 7 are done.
    expect(1 - sparsityAt('log-cubic', 0, 1 - 2 ** -8, 0.5)).toBeCloseTo(2 ** -7, 12);
    expect(sparsityAt('log-cubic', 0.5, 0.9, 0)).toBeCloseTo(0.5, 12);
    expect(sparsityAt('log-cubic', 0.5, 0.9, 1)).toBeCloseTo(0.9, 12);
  });

  it('take the same share of what is left in every round', () => {
    expect([1, 2, 3].map((k) => 1 - sparsityAt('iterative', 0, 7 / 8, k / 3))).toEqual(
      [1 / 2, 1 / 4, 1 / 8].map((density) => expect.closeTo(density, 12)),
    );
  });

  it('start from what is pruned already, and say so: from 0.5 to 0.875 in two rounds half of what is left goes in each', () => {
    expect([1, 2].map((k) => sparsityAt('iterative', 0.5, 0.875, k / 2))).toEqual(
      [0.75, 0.875].map((sparsity) => expect.closeTo(sparsity, 12)),
    );
    for (const schedule of ['iterative', 'cubic', 'log-cubic'] as const)
      expect(scheduleFormula(schedule, 2, 'd', 'd₀', '0.125')).toContain('d₀');
  });

  it('become steps: rounds from the beginning, curves to the end of their part', () => {
    const rounds = pruningSteps({ schedule: 'iterative', rounds: 2, part: 0.5 }, 0, 0.75);
    expect(rounds).toEqual([
      { done: 0, sparsity: expect.closeTo(0.5, 12) },
      { done: 0.25, sparsity: 0.75 },
    ]);
    const curve = pruningSteps({ schedule: 'cubic', rounds: 2, part: 0.5 }, 0, 0.8);
    expect(curve).toEqual([
      { done: 0.25, sparsity: expect.closeTo(0.7, 12) },
      { done: 0.5, sparsity: 0.8 },
    ]);
    expect(pruningSteps({ schedule: 'once', rounds: 9, part: 0.5 }, 0.2, 0.8)).toEqual([{ done: 0, sparsity: 0.8 }]);
    expect(pruningSteps({ schedule: 'cubic', rounds: 9, part: 0.5 }, 0.8, 0.8)).toEqual([]);
    expect([0, 0.2499, 0.25, 0.4, 1].map((done) => stepDue(curve, done)?.sparsity)).toEqual([
      undefined,
      undefined,
      expect.closeTo(0.7, 12),
      expect.closeTo(0.7, 12),
      0.8,
    ]);
  });

  it('never fall, and end where they should', () => {
    for (const schedule of ['iterative', 'cubic', 'log-cubic'] as const) {
      const steps = pruningSteps({ schedule, rounds: 40, part: 0.7 }, 0.1, 0.98);
      for (const [i, step] of steps.entries()) {
        expect(step.sparsity).toBeGreaterThan(steps[i - 1]?.sparsity ?? 0.1);
        expect(step.done).toBeLessThanOrEqual(0.7 + 1e-12);
      }
      expect(steps.at(-1)?.sparsity).toBe(0.98);
    }
  });
});
