/** LAMP pruning: scores worked by hand, its order within a layer, the largest weights of each layer, and masks that stay. */

import { describe, expect, it } from 'vitest';
import { lampPruning } from '#core/passes/lamp-pruning';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import fc from '../../properties';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const data = (model: Parameters<typeof kernelOf>[0], name: string): number[] => [...kernelOf(model, name).data];

describe('LAMP pruning', () => {
  it('ranks by the scores worked by hand', async () => {
    // d1: 1/30, 4/29, 9/25, 16/16 = 0.033, 0.138, 0.36, 1. d2: 0.04/0.54, 0.25/0.5 twice (equal ones share), that is 0.074, 0.5, 0.5; 0: 0.
    const model = denseModel(tensor([2, 2], [1, -2, 3, -4]), tensor([2, 2], [0, 0.5, -0.2, 0.5]));
    const after = async (count: number) => {
      const { model: pruned } = await applyPass(lampPruning, model, { sparsity: count / 8 });
      return [data(pruned, 'd1'), data(pruned, 'd2')].map((row) => row.map((x) => (x === 0 ? 0 : 1)));
    };
    const orderOfLoss = [
      [
        [1, 1, 1, 1],
        [0, 1, 1, 1],
      ],
      [
        [0, 1, 1, 1],
        [0, 1, 1, 1],
      ],
      [
        [0, 1, 1, 1],
        [0, 1, 0, 1],
      ],
      [
        [0, 0, 1, 1],
        [0, 1, 0, 1],
      ],
      [
        [0, 0, 0, 1],
        [0, 1, 0, 1],
      ],
      [
        [0, 0, 0, 1],
        [0, 0, 0, 1],
      ],
      [
        [0, 0, 0, 1],
        [0, 0, 0, 0],
      ],
    ];
    for (const [i, rows] of orderOfLoss.entries()) expect(await after(i + 1)).toEqual(rows);
  });

  it('is magnitude pruning within one layer, whatever the weights', async () => {
    const weight = fc.oneof(
      fc.float({ noNaN: true, min: -4, max: 4 }),
      fc.constantFrom(0, 1, -1, 1e-30, -1e-44, 1 + 2 ** -23, 1 - 2 ** -24),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(weight, { minLength: 24, maxLength: 24 }),
        fc.integer({ min: 0, max: 198 }),
        async (weights, steps) => {
          const model = denseModel(tensor([6, 4], weights.map(Math.fround)));
          const values = { sparsity: steps * 0.005 };
          const [lamp, magnitude] = [
            await applyPass(lampPruning, model, values),
            await applyPass(magnitudePruning, model, values),
          ];
          expect(data(lamp.model, 'd1')).toEqual(data(magnitude.model, 'd1'));
        },
      ),
    );
  });

  it('does not care for the scale of a layer, and leaves each layer its largest weight', async () => {
    const [a, b] = [
      [3, -1, 2, 0.5, -4, 1.5],
      [1, -2, 0.25, 3, 0.75, -0.125],
    ] as const;
    const plain = denseModel(tensor([2, 3], a), tensor([3, 2], b));
    const scaled = denseModel(
      tensor([2, 3], a),
      tensor(
        [3, 2],
        b.map((x) => x / 1024),
      ),
    );
    for (const sparsity of [0.25, 0.5, 0.75, 0.83]) {
      const first = await applyPass(lampPruning, plain, { sparsity });
      const second = await applyPass(lampPruning, scaled, { sparsity });
      expect(data(second.model, 'd1')).toEqual(data(first.model, 'd1'));
      expect(data(second.model, 'd2').map((x) => x * 1024)).toEqual(data(first.model, 'd2'));
      expect(data(first.model, 'd1')).toContain(-4);
      expect(data(first.model, 'd2')).toContain(3);
    }
  });

  it('keeps and counts what was pruned before', async () => {
    const mask = Uint8Array.from([0, 1, 1, 1]);
    const model = denseModel(tensor([1, 4], [0, 9, 1, 2], { mask, values: { kind: 'dense' } }));
    const half = await applyPass(lampPruning, model, { sparsity: 0.5 });
    expect(data(half.model, 'd1')).toEqual([0, 9, 0, 2]);
    const less = await applyPass(lampPruning, half.model, { sparsity: 0.25 });
    expect(kernelOf(less.model, 'd1')).toBe(kernelOf(half.model, 'd1'));
    expect(less.report.notes[0]?.en).toContain('50.0 % of its weights pruned already');
  });
});
