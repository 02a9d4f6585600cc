/** Equalisation by hand: factors, what stays equal, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { Activation, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import { crossLayerEqualisation } from '#core/passes/cross-layer-equalisation';
import { weightQuantization } from '#core/passes/weight-quantization';
import { outputOf } from '../support/reference-forward';
import { applyPass, kernelOf, modelOf, tensor } from './helpers';
import { MODELS } from './models';

function pair(fn: Activation, w1: readonly number[], b1: readonly number[], w2: readonly number[]): Model {
  const [k1, bias, k2] = [tensor([2, 2], w1), tensor([2], b1), tensor([2, 1], w2)];
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd1', inputs: ['in'], kernel: k1.id, bias: bias.id, activation: fn },
    { kind: 'dense', name: 'd2', inputs: ['d1'], kernel: k2.id, activation: { fn: 'linear' } },
  ];
  return modelOf(layers, [k1, bias, k2]);
}

describe('cross-layer equalisation', () => {
  it('gives both layers the same range: 8 and 2 become 4 and 4', async () => {
    // Channel 0: ranges 8 and 2, factor sqrt(16)/2 = 2. Channel 1: 1 and 9, factor sqrt(9)/9 = 1/3.
    const model = pair({ fn: 'relu' }, [8, 1, -4, 0.5], [2, 3], [2, -9]);
    const { model: equal, report } = await applyPass(crossLayerEqualisation, model);
    expect([...kernelOf(equal, 'd1').data]).toEqual([4, 3, -2, 1.5]);
    expect([...kernelOf(equal, 'd2').data]).toEqual([4, -3]);
    const bias = equal.layers[1] as { bias: string };
    expect([...(equal.tensors[bias.bias]?.data ?? [])]).toEqual([1, 9]);
    expect(report.notes[0]?.en).toContain('1 pair of layers has equal ranges');
  });

  it('makes rounding with one step for a layer gentler where channels differ in size', async () => {
    const random = seededRandom(9);
    const w1 = Array.from({ length: 4 }, (_, i) => (random() - 0.5) * (i % 2 ? 0.02 : 2));
    const model = pair({ fn: 'relu' }, w1, [0.1, 0.001], [0.05, 8]);
    const { model: equal } = await applyPass(crossLayerEqualisation, model);
    const errorOf = async (of: Model): Promise<number> => {
      const { model: rounded } = await applyPass(weightQuantization, of, { bits: 4, range: 'full' });
      const images = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(i * 2)]);
      return images.reduce(
        (sum, x) => sum + ((outputOf(rounded, x)[0] as number) - (outputOf(model, x)[0] as number)) ** 2,
        0,
      );
    };
    expect(await errorOf(equal)).toBeLessThan(0.2 * (await errorOf(model)));
  });

  it('leaves channels alone that nothing reads, and pruned weights at 0', async () => {
    const model = pair({ fn: 'relu' }, [8, 1, 0, 0.5], [0, 0], [0, 4]);
    const { model: equal } = await applyPass(crossLayerEqualisation, model);
    expect([...kernelOf(equal, 'd1').data]).toEqual([8, 2, 0, 1]);
    expect([...kernelOf(equal, 'd2').data]).toEqual([0, 2]);
  });

  it.each([
    [{ fn: 'sigmoid' }, 'not proportional'],
    [{ fn: 'relu', max: 6 }, 'upper limit'],
  ] as const)('refuses %o with the reason', async (activation, reason) => {
    const model = pair(activation, [8, 1, 0, 0.5], [0, 0], [1, 4]);
    const { model: same, report } = await applyPass(crossLayerEqualisation, model);
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toContain(reason);
  });

  it.each(['dense', 'convolution', 'depthwise'] as const)('answers as before: the %s model', async (name) => {
    const model = MODELS[name] as Model;
    const { model: equal } = await applyPass(crossLayerEqualisation, model);
    const random = seededRandom(3);
    for (let i = 0; i < 5; i++) {
      const image = Array.from({ length: 36 }, random);
      const [before, after] = [outputOf(model, image), outputOf(equal, image)];
      for (const [c, value] of before.entries()) expect(after[c]).toBeCloseTo(value, 5);
    }
    expect(equal).not.toBe(model);
  });

  it('says that normalisation is to be folded first', async () => {
    const { report } = await applyPass(crossLayerEqualisation, MODELS.residual as Model);
    expect(report.notes.map(({ en }) => en).join()).toContain('fold it first');
  });
});
