/** Merging alike channels: what is equal goes without a trace, and what is alike by numbers worked by hand. */
import { describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { seededRandom } from '#core/numeric/random';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { mergeChannels } from '#core/passes/merge-channels';
import { widened } from '#core/passes/shared/width';
import { outputOf } from '../support/reference-forward';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';
import { MODELS } from './models';

const noise = (seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: 36 }, () => 2 * random() - 1);
};
function expectSame(before: Model, after: Model): void {
  for (let seed = 0; seed < 3; seed++) {
    const [old, now] = [outputOf(before, noise(seed)), outputOf(after, noise(seed))];
    old.forEach((p, i) => expect(now[i]).toBeCloseTo(p, 5));
  }
}

describe('equal channels', () => {
  it.each(Object.entries(MODELS))(
    'of the %s model, widened by copies, merge back to what it was',
    async (_name, model) => {
      const wide = widened(model, 2.5, seededRandom(3));
      expect(countParameters(wide).parameters).toBeGreaterThan(countParameters(model).parameters);
      const { model: merged, report } = await applyPass(mergeChannels, wide, { limit: 0 });
      validateModel(merged);
      expect(countParameters(merged).parameters).toBe(countParameters(model).parameters);
      expectSame(model, merged);
      expect(report.notes.length).toBeGreaterThan(0);
    },
  );

  it('merge with their masks', async () => {
    const { model } = await applyPass(magnitudePruning, MODELS['convolution'] as Model, { sparsity: 0.5 });
    const { model: merged } = await applyPass(mergeChannels, widened(model, 2, seededRandom(1)), { limit: 0 });
    validateModel(merged);
    // Channels whose filters were pruned altogether were equal before, too.
    expect(countParameters(merged).parameters).toBeLessThanOrEqual(countParameters(model).parameters);
    expectSame(model, merged);
  });
});

describe('alike channels', () => {
  // Filters (3, 4) and (3, 4.5) differ by 0.5 / (5 + 5.408) = 0.048; (0, 1) is far from both.
  const model = denseModel(tensor([2, 3], [3, 3, 0, 4, 4.5, 1]), tensor([3, 2], [1, 2, 10, 20, 100, 200]));
  it('become one with the mean of their weights; readers add theirs up', async () => {
    const { model: merged, report } = await applyPass(mergeChannels, model, { limit: 0.05 });
    expect([...kernelOf(merged, 'd1').data]).toEqual([3, 0, 4.25, 1]);
    expect([...kernelOf(merged, 'd2').data]).toEqual([11, 22, 100, 200]);
    expect(report.notes).toEqual([{ en: 'd1: 3 channels became 2.', zh: 'd1：3 个通道变为 2 个。' }]);
  });

  it('stay below the limit, and in layers that are not chosen; outputs never merge', async () => {
    const { model: same, report } = await applyPass(mergeChannels, model, { limit: 0.04 });
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toBe('No two channels are that much alike; nothing changed.');
    expect((await applyPass(mergeChannels, model, { limit: 1, layers: ['d2'] })).model).toBe(model);
    expect(kernelOf((await applyPass(mergeChannels, model, { limit: 1 })).model, 'd2').shape).toEqual([1, 2]);
  });
});
