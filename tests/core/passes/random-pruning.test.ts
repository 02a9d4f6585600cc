/** Random pruning: exact counts, the seed, growing sets while the slider moves, and shares that do not look at the weights. */
import { describe, expect, it } from 'vitest';
import { defaultsOf } from '#core/params';
import { randomPruning } from '#core/passes/random-pruning';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';

const ramp = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const model = denseModel(tensor([20, 30], ramp(600)), tensor([30, 10], ramp(300)));
const masks = async (values: { sparsity: number; scope?: string }, seed = 1): Promise<readonly number[][]> => {
  const { model: pruned } = await applyPass(randomPruning, model, values, plainContext(seed));
  return ['d1', 'd2'].map((name) => [...(kernelOf(pruned, name).encoding.mask ?? [])]);
};
const zeros = (mask: readonly number[] | undefined): number => (mask ?? []).filter((one) => one === 0).length;

describe('random pruning', () => {
  it('prunes exactly the share asked for, of the network or of each layer', async () => {
    const [a, b] = await masks({ sparsity: 0.335 });
    expect(zeros(a) + zeros(b)).toBe(302); // round(0.335 x 900 = 301.5)
    expect((await masks({ sparsity: 0.335, scope: 'layer' })).map(zeros)).toEqual([201, 101]);
  });

  it('draws the same again from the same seed, and others from another', async () => {
    expect(await masks({ sparsity: 0.5 }, 7)).toEqual(await masks({ sparsity: 0.5 }, 7));
    expect(await masks({ sparsity: 0.5 }, 7)).not.toEqual(await masks({ sparsity: 0.5 }, 8));
  });

  it('draws once for a seed, not at every move of the slider', async () => {
    const values = defaultsOf(randomPruning.params);
    const ready = await randomPruning.prepare?.(model, values, plainContext(7));
    const apply = async (seed: number): Promise<readonly number[]> => {
      const { model: pruned } = await randomPruning.apply(
        model,
        values,
        plainContext(seed),
        ready as NonNullable<typeof ready>,
      );
      return [...kernelOf(pruned, 'd1').data];
    };
    const first = await apply(7);
    const lot = ready?.drawn;
    expect(await apply(7)).toEqual(first);
    expect(ready?.drawn).toBe(lot);
    expect(await apply(8)).not.toEqual(first);
    expect(await apply(7)).toEqual(first);
  });

  it('only adds to what is drawn as the slider moves up', async () => {
    const [less, more] = [await masks({ sparsity: 0.3 }), await masks({ sparsity: 0.7 })];
    for (const [layer, mask] of more.entries())
      for (const [i, kept] of mask.entries()) if (kept) expect(less[layer]?.[i]).toBe(1);
  });

  it('takes large weights as often as small ones, and each layer its share', async () => {
    let large = 0;
    let first = 0;
    for (let seed = 0; seed < 40; seed++) {
      const [a, b] = await masks({ sparsity: 0.5 }, seed);
      first += zeros(a);
      large += zeros(a?.slice(300)) + zeros(b?.slice(150));
    }
    // 40 draws of 450: 9,000 of 18,000 expected, standard deviation about 47; the first layer 12,000, also about 45.
    expect(Math.abs(large - 9000)).toBeLessThan(240);
    expect(Math.abs(first - 12000)).toBeLessThan(240);
  });

  it('leaves a layer’s draw alone when another is left out', async () => {
    const one = await applyPass(randomPruning, model, { sparsity: 0.5, scope: 'layer', layers: ['d2'] });
    const both = await applyPass(randomPruning, model, { sparsity: 0.5, scope: 'layer' });
    expect(kernelOf(one.model, 'd2')).toEqual(kernelOf(both.model, 'd2'));
    expect(kernelOf(one.model, 'd1')).toBe(kernelOf(model, 'd1'));
  });
});
