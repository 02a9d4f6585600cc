/** N:M pruning: groups worked by hand on each kind of kernel, exact counts on any weights, partial groups and masks that stay. */

import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import { nmPruning } from '#core/passes/n-m-pruning';
import fc from '../../properties';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

const data = (model: Parameters<typeof kernelOf>[0], name: string): number[] => [...kernelOf(model, name).data];

function convModel(
  kind: 'conv2d' | 'depthwiseConv2d',
  channels: number,
  shape: readonly number[],
  w: readonly number[],
) {
  const kernel = tensor(shape, w);
  const input: Layer = { kind: 'input', name: 'in', inputs: [], shape: [4, 4, channels] };
  const conv: Layer = {
    kind,
    name: 'c',
    inputs: ['in'],
    kernel: kernel.id,
    strides: [1, 1],
    padding: 'valid',
    dilation: [1, 1],
    activation: { fn: 'linear' },
  };
  return modelOf([input, conv], [kernel]);
}

describe('N:M pruning', () => {
  it('keeps two of four along the inputs of each output', async () => {
    // Two outputs; down the columns: 1 -5 2 3 | 9 8 7 6 and 4 3 -2 1 | 0.1 0.4 -0.3 0.2.
    const columns = [
      [1, -5, 2, 3, 9, 8, 7, 6],
      [4, 3, -2, 1, 0.5, 2, -1.5, 1],
    ] as const;
    const model = denseModel(
      tensor(
        [8, 2],
        Array.from({ length: 16 }, (_, i) => columns[i % 2]?.[i >> 1] as number),
      ),
    );
    const half = data((await applyPass(nmPruning, model, { pattern: '2:4' })).model, 'd1');
    expect(half.filter((_, i) => i % 2 === 0)).toEqual([0, -5, 0, 3, 9, 8, 0, 0]);
    expect(half.filter((_, i) => i % 2 === 1)).toEqual([4, 3, 0, 0, 0, 2, -1.5, 0]);
    const quarter = data((await applyPass(nmPruning, model, { pattern: '1:4' })).model, 'd1');
    expect(quarter.filter((_, i) => i % 2 === 0)).toEqual([0, -5, 0, 0, 9, 0, 0, 0]);
    const wide = data((await applyPass(nmPruning, model, { pattern: '2:8' })).model, 'd1');
    expect(wide.filter((_, i) => i % 2 === 0)).toEqual([0, 0, 0, 0, 9, 8, 0, 0]);
    expect(wide.filter((_, i) => i % 2 === 1)).toEqual([4, 3, 0, 0, 0, 0, 0, 0]);
  });

  it('groups the input channels of a convolution, place by place', async () => {
    // 1 x 2 places, 4 channels in, 1 out.
    const { model, report } = await applyPass(
      nmPruning,
      convModel('conv2d', 4, [1, 2, 4, 1], [1, 2, 3, 4, -8, 7, -6, 5]),
      { pattern: '2:4' },
    );
    expect(data(model, 'c')).toEqual([0, 0, 3, 4, -8, 7, 0, 0]);
    expect(report.notes).toEqual([]);
  });

  it('runs on over the places where a place has fewer channels, and keeps up to N of what is left over', async () => {
    // 5 places, 1 channel in, 2 out: groups 1 2 3 4 | 5 and, negated and turned round, 5 4 3 2 | 1.
    const { model, report } = await applyPass(
      nmPruning,
      convModel('conv2d', 1, [1, 5, 1, 2], [1, -5, 2, -4, 3, -3, 4, -2, 5, -1]),
      { pattern: '1:4' },
    );
    expect(data(model, 'c')).toEqual([0, -5, 0, 0, 0, 0, 4, 0, 5, -1]);
    expect(report.notes[0]?.en).toContain('The inputs of c are no multiple of 4');
  });

  it('groups the places of a depthwise kernel, channel by channel', async () => {
    // 2 x 2 places, 2 channels, multiplier 1: channel 0 has 1 3 5 7, channel 1 has 8 6 4 2.
    const { model } = await applyPass(
      nmPruning,
      convModel('depthwiseConv2d', 2, [2, 2, 2, 1], [1, 8, 3, 6, 5, 4, 7, 2]),
      { pattern: '2:4' },
    );
    expect(data(model, 'c')).toEqual([0, 8, 0, 6, 5, 0, 7, 0]);
  });

  it('keeps exactly N of every M for any weights, none smaller than one that went', async () => {
    const weight = fc.constantFrom(-3, -2, -1, -0.5, 0.5, 1, 2, 3);
    await fc.assert(
      fc.asyncProperty(
        fc.array(weight, { minLength: 48, maxLength: 48 }),
        fc.constantFrom('2:4', '1:4', '4:8', '2:8'),
        async (weights, pattern) => {
          const [n, m] = pattern.split(':').map(Number) as [number, number];
          const before = tensor([16, 3], weights);
          const { model } = await applyPass(nmPruning, denseModel(before), { pattern });
          const { data: after, encoding } = kernelOf(model, 'd1');
          for (let column = 0; column < 3; column++) {
            for (let row = 0; row < 16; row += m) {
              const group = Array.from({ length: m }, (_, k) => (row + k) * 3 + column);
              const kept = group.filter((i) => encoding.mask?.[i]);
              expect(kept.length).toBe(n);
              expect(kept.every((i) => after[i] === before.data[i])).toBe(true);
              const least = Math.min(...kept.map((i) => Math.abs(before.data[i] as number)));
              for (const i of group)
                if (!encoding.mask?.[i]) expect(Math.abs(before.data[i] as number)).toBeLessThanOrEqual(least);
            }
          }
        },
      ),
    );
  });

  it('counts weights pruned before, and leaves a layer that has the pattern as it is', async () => {
    const mask = Uint8Array.from([1, 0, 1, 1]);
    const model = denseModel(tensor([4, 1], [1, 0, 3, 2], { mask, values: { kind: 'dense' } }));
    const { model: pruned } = await applyPass(nmPruning, model);
    expect(data(pruned, 'd1')).toEqual([0, 0, 3, 2]);
    expect([...(kernelOf(pruned, 'd1').encoding.mask ?? [])]).toEqual([0, 0, 1, 1]);
    const again = await applyPass(nmPruning, pruned);
    expect(kernelOf(again.model, 'd1')).toBe(kernelOf(pruned, 'd1'));
  });
});
