/** Low-rank dense layers worked by hand: the product, the rank by each rule, what is refused, and outputs at full rank. */
import { describe, expect, it } from 'vitest';
import { expandLayers } from '#core/model/edit';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import { svd } from '#core/numeric/svd';
import { lowRankDense } from '#core/passes/low-rank-dense';
import { lowRankFactors } from '#core/passes/shared/factors';
import { chooseRank, energyOf, tooLarge } from '#core/passes/shared/rank';
import { outputOf } from '../support/reference-forward';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

/** 4 x 3 with singular values 6, 3, 2 along the axes. */
const axes = () => tensor([4, 3], [6, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]);

describe('low-rank dense layers', () => {
  it('keeps the largest direction', async () => {
    const { model, report } = await applyPass(lowRankDense, denseModel(axes()), { rank: 0.34 });
    expect(model.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['in', []],
      ['d1_in', ['in']],
      ['d1', ['d1_in']],
    ]);
    // The root of 6 on both sides; their sign is free.
    const [u, v] = [kernelOf(model, 'd1_in'), kernelOf(model, 'd1')];
    expect([u.shape, v.shape]).toEqual([
      [4, 1],
      [1, 3],
    ]);
    expect(u.data.map(Math.abs)).toEqual(Float32Array.of(Math.sqrt(6), 0, 0, 0));
    expect([...outputOf(model, [1, 1, 1, 1])].map((x) => Number(x.toFixed(5)))).toEqual([6, 0, 0]);
    // 36 of 36 + 9 + 4.
    expect(report.notes[0]?.en).toBe('d1: rank 1 keeps 73.5 % of its energy; 12 weights become 7.');
  });

  it('refuses what would not become smaller, and says so', async () => {
    const before = denseModel(axes());
    const { model, report } = await applyPass(lowRankDense, before, { rank: 0.67 });
    expect(model).toBe(before);
    expect(report.notes).toEqual([
      {
        en: 'd1 stays as it is: at rank 2 its parts would hold 14 weights, and it has 12.',
        zh: 'd1 保持原样：秩为 2 时各部分共有 14 个权重，而它只有 12 个。',
      },
    ]);
    // 3 x 6 at rank 2: 18 weights and 18 weights.
    const equal = denseModel(tensor([3, 6], new Array(18).fill(1)));
    expect((await applyPass(lowRankDense, equal, { rank: 0.67 })).model).toBe(equal);
  });

  it('leaves the outputs as they are at full rank', () => {
    const random = seededRandom(2);
    const [rows, columns] = [30, 20];
    const noise = (size: number) => Float32Array.from({ length: size }, () => 2 * random() - 1);
    const w = makeTensor([rows, columns], noise(rows * columns));
    const before = denseModel(w);
    const { first, second } = lowRankFactors(svd(w.data, rows, columns), columns);
    const [u, v] = [makeTensor([rows, columns], first), makeTensor([columns, columns], second)];
    const [d1] = before.layers.slice(1) as [Extract<(typeof before.layers)[number], { kind: 'dense' }>];
    const layers = [
      { ...d1, name: 'u', kernel: u.id },
      { ...d1, inputs: ['u'], kernel: v.id },
    ];
    const after = expandLayers(before, new Map([['d1', { layers, tensors: [u, v] }]]));
    const image = noise(rows);
    const [old, now] = [outputOf(before, image), outputOf(after, image)];
    for (const [i, x] of old.entries()) expect(Math.abs(x - (now[i] as number))).toBeLessThan(1e-5);
  });

  it('leaves the outputs as they are where the layer has that rank', async () => {
    // Two combinations of 20 inputs make all 30 outputs.
    const random = seededRandom(8);
    const [a, b] = [40, 60].map((size) => Array.from({ length: size }, () => 2 * random() - 1)) as [number[], number[]];
    const w = Array.from({ length: 600 }, (_, at) => {
      const [i, j] = [Math.floor(at / 30), at % 30];
      return (a[2 * i] as number) * (b[j] as number) + (a[2 * i + 1] as number) * (b[30 + j] as number);
    });
    const bias = tensor([30], Array.from({ length: 30 }, random));
    const kernel = tensor([20, 30], w);
    const before = modelOf(
      [
        { kind: 'input', name: 'in', inputs: [], shape: [20] },
        { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, bias: bias.id, activation: { fn: 'relu' } },
      ],
      [kernel, bias],
    );
    const image = Array.from({ length: 20 }, random);
    const old = outputOf(before, image);
    for (const values of [{ rank: 0.1 }, { by: 'energy', energy: 0.999 }, { by: 'vbmf' }]) {
      const { model } = await applyPass(lowRankDense, before, values);
      // Rounding to float32 is noise too, but not quite evenly spread: variational Bayes may take some of it for a signal.
      expect([2, ...('by' in values && values.by === 'vbmf' ? [3] : [])]).toContain(kernelOf(model, 'd').shape[0]);
      const now = outputOf(model, image);
      for (const [i, x] of old.entries()) expect(Math.abs(x - (now[i] as number))).toBeLessThan(1e-5);
    }
  });

  it('chooses the rank by share and by energy', () => {
    const parts = svd(axes().data, 4, 3);
    const by = (how: string, amount: number) => chooseRank({ by: how, rank: amount, energy: amount }, parts);
    expect([by('share', 0.01), by('share', 0.5), by('share', 1)]).toEqual([1, 2, 3]);
    // 36, 45 and 49 of 49.
    expect([by('energy', 0.7), by('energy', 0.74), by('energy', 0.91), by('energy', 0.92)]).toEqual([1, 2, 2, 3]);
    expect(by('energy', 1)).toBe(3);
    expect(energyOf(parts, 2)).toBeCloseTo(45 / 49, 12);
    expect(energyOf(svd([0, 0], 1, 2), 1)).toBe(1);
  });

  it('leaves alone what looks like noise to variational Bayes', async () => {
    const random = seededRandom(12);
    const before = denseModel(
      tensor(
        [40, 40],
        Array.from({ length: 1600 }, () => 2 * random() - 1),
      ),
    );
    const { model, report } = await applyPass(lowRankDense, before, { by: 'vbmf' });
    expect(model).toBe(before);
    expect(report.notes[0]?.en).toContain('d1 stays as it is: to variational Bayes');
  });

  it('acts on the layers chosen, under names that are free', async () => {
    const wide = () =>
      tensor(
        [8, 8],
        Array.from({ length: 64 }, (_, i) => (i % 9) - 4),
      );
    const chain = denseModel(wide(), wide());
    const taken = { ...chain, layers: chain.layers.map((layer) => (layer.name === 'in' ? layer : { ...layer })) };
    const { model } = await applyPass(lowRankDense, taken, { layers: ['d2'] });
    expect(model.layers.map(({ name }) => name)).toEqual(['in', 'd1', 'd2_in', 'd2']);
    const again = await applyPass(lowRankDense, model, { layers: ['d2'], rank: 0.5 });
    expect(again.model.layers.map(({ name }) => name)).toEqual(['in', 'd1', 'd2_in', 'd2_in_2', 'd2']);
    await expect(applyPass(lowRankDense, chain, { layers: ['gone'] })).rejects.toThrow('gone');
  });

  it('does not start on what would take minutes', () => {
    expect([tooLarge(784, 300), tooLarge(3136, 1024), tooLarge(25088, 4096)]).toEqual([false, false, true]);
  });
});
