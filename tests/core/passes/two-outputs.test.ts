/** Models with a second output: images run only what the first one needs, and the rest is left alone, with words for it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { type PassContext, PassError } from '#core/pass';
import { biasCorrection } from '#core/passes/bias-correction';
import { channelPruning } from '#core/passes/channel-pruning';
import { passById } from '#core/passes/index';
import { quantizationAwareTraining } from '#core/passes/quantization-aware-training';
import { roundedEdges, wideEdges } from '#core/passes/shared/calibration';
import { withClassBias } from '#core/passes/shared/class-bias';
import { outerLayers } from '#core/passes/shared/outer-layers';
import { weightQuantization } from '#core/passes/weight-quantization';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeContext } from '#engine/context';
import { applyPass, kernelOf, modelOf, plainContext, tensor } from './helpers';
import { IMAGES } from './models';

let backend: Backend;
beforeAll(async () => {
  backend = await makeCpuBackend();
});
afterAll(() => backend.dispose());

const context = () =>
  makeContext({
    backend,
    dataset: IMAGES,
    seed: 1,
    signal: new AbortController().signal,
    progress: () => {},
    resolve: () => Promise.reject(new Error('none')),
  });

/** flatten -> trunk (4) -> out (3), the first output; flatten -> other (4) -> side (2), the second. */
function twoHeaded(): Model {
  const noise = (count: number, seed: number) => Array.from({ length: count }, (_, i) => Math.sin(seed + 7 * i));
  const kernels = {
    trunk: tensor([36, 4], noise(144, 1)),
    out: tensor([4, 3], noise(12, 2)),
    other: tensor([36, 4], noise(144, 3)),
    side: tensor([4, 2], noise(8, 4)),
  };
  const dense = (name: keyof typeof kernels, input: string): Layer => ({
    kind: 'dense',
    name,
    inputs: [input],
    kernel: kernels[name].id,
    activation: { fn: name === 'trunk' || name === 'other' ? 'relu' : 'linear' },
  });
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [6, 6, 1] },
    { kind: 'flatten', name: 'flat', inputs: ['in'] },
    dense('trunk', 'flat'),
    dense('out', 'trunk'),
    dense('other', 'flat'),
    dense('side', 'other'),
  ];
  return { ...modelOf(layers, Object.values(kernels)), outputs: ['out', 'side'] };
}

describe.each(['wanda-pruning', 'taylor-pruning', 'snip-pruning', 'hebbian-pruning', 'activation-pruning'])(
  '%s on a model with two outputs',
  (id) => {
    const pass = passById(id) as NonNullable<ReturnType<typeof passById>>;
    it('prunes what leads to the first and leaves the rest', async () => {
      const before = twoHeaded();
      const { model } = await applyPass(pass, before, { sparsity: 0.5, scope: 'layer' }, context());
      expect(kernelOf(model, 'trunk').data.filter((w) => w === 0)).toHaveLength(72);
      expect(kernelOf(model, 'other')).toBe(kernelOf(before, 'other'));
    });

    it('says why where only the rest was named', async () => {
      const run = applyPass(pass, twoHeaded(), { sparsity: 0.5, layers: ['side'] }, context());
      await expect(run).rejects.toThrow(PassError);
      await expect(run).rejects.toThrow('leads to the first output');
    });
  },
);

it.each(['taylor-activations', 'taylor-weights', 'apoz', 'hebbian'])(
  'cuts channels that no image reaches by their size, and says so (%s)',
  async (importance) => {
    const values = { importance, kept: 0.5, scope: 'layer' };
    const { model, report } = await applyPass(channelPruning, twoHeaded(), values, context());
    expect(kernelOf(model, 'trunk').shape).toEqual([36, 2]);
    expect(kernelOf(model, 'other').shape).toEqual([36, 2]);
    expect(report.notes[0]?.en).toBe('other: no image reaches it, so the size of the filters (L1) is used there.');
  },
);

describe('the bias of a class left out, on a model with two outputs', () => {
  it('is that of the first output, whichever layer comes last', async () => {
    const biased = (name: string, count: number) => ({ name, bias: tensor([count], Array(count).fill(0)) });
    const [own, side] = [biased('out', 3), biased('side', 2)];
    const { layers, tensors, ...rest } = twoHeaded();
    const model: Model = {
      ...rest,
      layers: layers.map((layer) => {
        const found = [own, side].find(({ name }) => name === layer.name);
        return found ? ({ ...layer, bias: found.bias.id } as Layer) : layer;
      }),
      tensors: { ...tensors, [own.bias.id]: own.bias, [side.bias.id]: side.bias },
    };
    const seen: Model[] = [];
    const accuracy: PassContext['accuracy'] = async (predictor) => {
      if (predictor.kind === 'model') seen.push(predictor.model);
      return 1 - Math.abs(seen.length - 3) / 100;
    };
    const { model: raised } = await withClassBias(model, 1, plainContext(1, { accuracy }));
    const biasOf = (name: string) => {
      const layer = raised.layers.find((one) => one.name === name) as Layer;
      return [...(tensorOf(raised, layer, 'bias')?.data ?? [])];
    };
    // The third that was tried is a bias of 2.
    expect(biasOf('out')).toEqual([0, 2, 0]);
    expect(biasOf('side')).toEqual([0, 0]);
  });
});

describe('rounding a model with two outputs', () => {
  it('takes the layer that gives the first output for the last one', () => {
    expect(outerLayers(twoHeaded())).toEqual(['trunk', 'out']);
    expect(roundedEdges(twoHeaded())).toEqual(['in', 'trunk', 'out']);
    expect([...wideEdges(twoHeaded(), ['in', 'trunk', 'out'], true)]).toEqual(['in', 'out', 'trunk']);
  });

  it('rounds what images reach, by training', async () => {
    const before = twoHeaded();
    const values = { weightBits: 4, outer: 'same', epochs: 1, batchSize: 8 };
    const { model } = await applyPass(quantizationAwareTraining, before, values, context());
    expect(kernelOf(model, 'out').encoding.values).toMatchObject({ kind: 'grid', bits: 4 });
    expect(Object.keys(model.activationGrids ?? {})).toEqual(['in', 'trunk', 'out']);
    for (const name of ['other', 'side']) expect(kernelOf(model, name)).toBe(kernelOf(before, name));
  });

  it('corrects the biases that images say something about', async () => {
    const before = twoHeaded();
    const { model: rounded } = await applyPass(weightQuantization, before, { bits: 3 });
    const resolved = { ...context(), predictor: async () => ({ kind: 'model', model: before }) as const };
    const { model } = await applyPass(biasCorrection, rounded, { original: 'before' }, resolved);
    const biased = model.layers.flatMap((layer) => (tensorOf(model, layer, 'bias') ? [layer.name] : []));
    expect(biased).toEqual(['trunk', 'out']);
  });
});
