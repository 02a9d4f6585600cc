/** The scan of layers and the spread over them, on curves written by hand. */

import { describe, expect, it } from 'vitest';
import type { Model } from '#core/model/model';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { curvesOf, scanLayers, spread } from '#core/passes/shared/sensitivity';
import fc from '../../../properties';
import { judging } from '../captures';
import { applyPass, denseModel, kernelOf, tensor } from '../helpers';

const zeros = (model: Model, name: string): number => kernelOf(model, name).data.filter((w) => w === 0).length;

describe('scanning layers', () => {
  it('measures each layer alone at each level, and the model as it is once', async () => {
    const model = denseModel(tensor([1, 1], [1]));
    const asked: string[] = [];
    const degrade = (whole: Model, layer: string, level: number): Model => {
      asked.push(`${layer} ${level}`);
      return layer === 'b' && level === 0.5 ? whole : { ...whole, name: `${layer} ${level}` };
    };
    const measured: string[] = [];
    const context = judging(({ name }) => {
      measured.push(name);
      return name === 'Test' ? 0.9 : name.startsWith('a') ? 0.8 : 0.4;
    });
    const scan = await scanLayers(model, ['a', 'b'], [0.5, 1], degrade, context);
    expect(scan).toEqual({
      before: 0.9,
      accuracies: [
        [0.8, 0.8],
        [0.9, 0.4],
      ],
    });
    expect(asked).toEqual(['a 0.5', 'a 1', 'b 0.5', 'b 1']);
    expect(measured).toEqual(['Test', 'a 0.5', 'a 1', 'b 1']);
  });

  it('makes curves that never fall', () => {
    const [curve] = curvesOf([0.5, 0.75, 1], { before: 0.9, accuracies: [[0.8, 0.85, 0.4]] });
    expect(curve?.map(({ share }) => share)).toEqual([0, 0.5, 0.75, 1]);
    expect(curve?.map(({ loss }) => loss.toFixed(4))).toEqual(['0.0000', '0.1050', '0.1075', '0.5100']);
  });
});

describe('spreading a total', () => {
  const straight = (loss: number) => [
    { share: 0, loss: 0 },
    { share: 1, loss },
  ];

  it('takes three times as much of the layer that loses a third as much', () => {
    // At a common loss of 0.15 the first gives 75 of 100 and the second 25 of 100.
    const portions = [
      { size: 100, gone: 0, curve: straight(0.2) },
      { size: 100, gone: 0, curve: straight(0.6) },
    ];
    expect(spread(portions, 100)).toEqual([75, 25]);
  });

  it('does not take more than there is, nor give back what is gone', () => {
    const portions = [
      { size: 10, gone: 0, curve: straight(0.01) },
      { size: 10, gone: 6, curve: straight(0.5) },
    ];
    expect(spread(portions, 14)).toEqual([8, 6]);
    expect(spread(portions, 20)).toEqual([10, 10]);
    expect(spread(portions, 3)).toEqual([0, 6]);
  });

  it('always spreads exactly the total', () => {
    const portion = fc
      .tuple(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
      )
      .map(([size, gone, loss]) => ({ size, gone: Math.floor(gone * size), curve: straight(loss) }));
    fc.assert(
      fc.property(
        fc.array(portion, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (portions, share) => {
          const all = portions.reduce((sum, { size }) => sum + size, 0);
          const already = portions.reduce((sum, { gone }) => sum + gone, 0);
          const total = Math.round(share * all);
          const counts = spread(portions, total);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Math.max(total, already));
          for (const [i, { size, gone }] of portions.entries()) {
            expect(counts[i]).toBeGreaterThanOrEqual(gone);
            expect(counts[i]).toBeLessThanOrEqual(size);
          }
        },
      ),
    );
  });
});

describe('pruning by sensitivity', () => {
  const model = denseModel(tensor([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), tensor([4, 2], [8, 7, 6, 5, 4, 3, 2, 1]));

  it('spares the layer that costs accuracy, at the same sparsity of the whole', async () => {
    // d1 loses an eighth of the accuracy for every weight, d2 nothing.
    const context = judging((one) => 1 - zeros(one, 'd1') / 8);
    const { model: pruned, report } = await applyPass(
      magnitudePruning,
      model,
      { sparsity: 0.5, scope: 'sensitivity' },
      context,
    );
    expect([zeros(pruned, 'd1'), zeros(pruned, 'd2')]).toEqual([0, 8]);
    expect(report.notes[0]?.en).toBe('Sparsity by what each layer can spare: d1 0.0 %, d2 100.0 %.');
  });

  it('takes the same share where all layers cost the same', async () => {
    const context = judging((one) => 1 - (zeros(one, 'd1') + zeros(one, 'd2')) / 16);
    const { model: pruned } = await applyPass(
      magnitudePruning,
      model,
      { sparsity: 0.5, scope: 'sensitivity' },
      context,
    );
    expect([...kernelOf(pruned, 'd1').data]).toEqual([0, 0, 0, 0, 5, 6, 7, 8]);
    expect([...kernelOf(pruned, 'd2').data]).toEqual([8, 7, 6, 5, 0, 0, 0, 0]);
  });
});
