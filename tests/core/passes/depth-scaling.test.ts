/** Depth multiplier: which blocks go, which are repeated, and that repeating changes nothing at first. */
import { describe, expect, it } from 'vitest';
import type { Architecture, Row } from '#core/architecture';
import { createModel } from '#core/model/create';
import type { Activation } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { validateModel } from '#core/model/validate';
import { seededRandom } from '#core/numeric/random';
import type { Values } from '#core/params';
import { depthScaling } from '#core/passes/depth-scaling';
import { residualBlocks, stages } from '#core/passes/shared/blocks';
import { withDepth } from '#core/passes/shared/depth';
import { TEMPLATES } from '#core/templates';
import fc from '../../properties';
import { Builder, LINEAR, PLAIN } from '../support/models';
import { OPERATIONS, randomModel } from '../support/random-models';
import { outputOf } from '../support/reference-forward';
import { applyPass, plainContext } from './helpers';
import { MODELS } from './models';

const network = (rows: readonly Row[], input: Architecture['input'] = [6, 6, 1]): Model =>
  createModel({ name: 'test', input, classes: 3, rows }, 4);
const template = (id: string): Model =>
  createModel(TEMPLATES.find((one) => one.id === id)?.architecture([8, 8, 1], 10) as Architecture, 1);
const scale = (model: Model, values: Values) =>
  applyPass(depthScaling, model, { after: 'nothing', ...values }, plainContext());
const noise = (size: number, seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: size }, () => 2 * random() - 1);
};
const conv = (filters: number, activation: 'relu' | 'tanh' | 'linear' = 'relu', kernel = 3): Row => ({
  kind: 'conv2d',
  filters,
  kernel,
  stride: 1,
  padding: 'same',
  activation,
  bias: true,
});
const dense = (units: number, activation: 'relu' | 'linear' = 'relu'): Row => ({
  kind: 'dense',
  units,
  activation,
  bias: true,
});
const END: readonly Row[] = [{ kind: 'globalAveragePool2d' }, dense(3, 'linear')];

describe('blocks', () => {
  it('are residual branches with their adds', () => {
    const blocks = residualBlocks(template('small-resnet'));
    expect(blocks.map(({ entry, layers }) => [entry, layers.length])).toEqual([
      ['activation_1', 6],
      ['activation_4', 6],
    ]);
  });

  it('are stages elsewhere: weights, normalisation, activation, but not the one that answers', () => {
    expect(stages(template('lenet-300-100')).map(({ layers }) => layers)).toEqual([['dense_1'], ['dense_2']]);
    // A depthwise convolution and the 1 x 1 behind it are one.
    expect(stages(template('separable-cnn')).map(({ layers }) => layers.length)).toEqual([3, 6, 6, 6, 6]);
  });
});

describe('shallower', () => {
  it('leaves out residual branches: what they were added to goes on alone', async () => {
    const model = template('small-resnet');
    const { model: shallow, report } = await scale(model, { depth: 0.5 });
    expect(residualBlocks(shallow)).toHaveLength(1);
    expect(report.notes[0]?.en).toContain('1 of 2 blocks was left out');
    const { model: none } = await scale(model, { depth: 0 });
    validateModel(none);
    expect(none.layers.some(({ kind }) => kind === 'add')).toBe(false);
    expect(shapesOf(none)[none.outputs[0] as string]).toEqual([10]);
  });

  it('leaves out layers that give the shape they take, evenly', async () => {
    const model = network([conv(4), conv(4), conv(4), conv(4), conv(4), ...END]);
    const names = async (depth: number): Promise<readonly string[]> =>
      (await scale(model, { depth })).model.layers.filter(({ kind }) => kind === 'conv2d').map(({ name }) => name);
    expect(await names(0)).toEqual(['conv2d_1']);
    expect(await names(0.5)).toEqual(['conv2d_1', 'conv2d_3', 'conv2d_5']);
    expect(await names(1)).toHaveLength(5);
  });

  it('says so where every block changes the shape', async () => {
    const model = network([conv(4), conv(5), ...END]);
    const { model: same, report } = await scale(model, { depth: 0.5 });
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toContain('no block can be left out');
  });
});

describe('shallower and afresh', () => {
  const widths = (model: Model): readonly (readonly number[])[] =>
    Object.values(model.layers).flatMap((layer) =>
      'kernel' in layer ? [model.tensors[layer.kernel]?.shape ?? []] : [],
    );
  it('may lose layers that change the shape, the last first; what follows is fitted anew', async () => {
    const { model, report } = await scale(template('lenet-300-100'), { depth: 0.5, start: 'fresh' });
    validateModel(model);
    expect(widths(model)).toEqual([
      [64, 300],
      [300, 10],
    ]);
    expect(report.notes[0]?.en).toBe('1 of 2 blocks was left out: the one that begins with dense_2.');
    const lenet = template('lenet-5');
    const { model: two } = await scale(lenet, { depth: 0.34, start: 'fresh' });
    validateModel(two);
    expect(widths(two)).toEqual([
      [5, 5, 1, 20],
      [80, 10],
    ]);
    const { model: none } = await scale(lenet, { depth: 0, start: 'fresh' });
    expect(widths(none)).toEqual([[4, 10]]);
  });

  it('fits normalisation, slopes and depthwise layers, and passes over what leaves no network', async () => {
    const { model: separable } = await scale(template('separable-cnn'), { depth: 0, start: 'fresh' });
    validateModel(separable);
    const rows: readonly Row[] = [
      conv(4),
      conv(6, 'linear'),
      { kind: 'batchNorm' },
      { kind: 'activation', activation: 'prelu' },
      { kind: 'depthwiseConv2d', kernel: 3, stride: 2, padding: 'same', activation: 'linear', bias: true },
      { kind: 'batchNorm' },
      // Only a 3 x 3 image has room for this one.
      { kind: 'conv2d', filters: 3, kernel: 3, stride: 1, padding: 'valid', activation: 'relu', bias: true },
      ...END,
    ];
    for (const depth of [0, 0.25, 0.5, 0.75])
      validateModel((await scale(network(rows), { depth, start: 'fresh' })).model);
  });
});

describe('deeper', () => {
  const NETWORKS: Readonly<Record<string, Model>> = {
    ...MODELS,
    // Windows of even size, a linear stage that must not be repeated, and units behind one another.
    plain: network([conv(3, 'linear', 4), conv(4, 'relu', 2), { kind: 'flatten' }, dense(6), dense(3, 'linear')]),
    bent: network([conv(3, 'tanh'), conv(3, 'relu'), ...END]),
    separable: network([
      conv(4),
      { kind: 'depthwiseConv2d', kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: true },
      conv(5, 'relu', 1),
      ...END,
    ]),
  };
  it.each(Object.entries(NETWORKS))('computes the same on the %s network', async (name, model) => {
    const macs = (of: Model): number => of.layers.filter((layer) => 'kernel' in layer).length;
    for (const depth of [1.5, 2, 3]) {
      const { model: deep, report } = await scale(model, { depth });
      validateModel(deep);
      if (report.notes[0]?.en.startsWith('Nothing')) continue;
      expect(macs(deep)).toBeGreaterThan(macs(model));
      for (let seed = 0; seed < 2; seed++) {
        const image = noise(36, seed);
        const [before, after] = [outputOf(model, image), outputOf(deep, image)];
        before.forEach((p, i) => expect(after[i], `${name} ${depth}`).toBeCloseTo(p, 6));
      }
    }
  });

  it('repeats each block alike often', async () => {
    const { model: deep, report } = await scale(template('small-resnet'), { depth: 3 });
    expect(residualBlocks(deep)).toHaveLength(6);
    expect(report.notes[0]?.en).toBe(
      '4 blocks were added to 2. At first nothing changes: the network gives the same answers.',
    );
    expect(
      (await scale(NETWORKS['bent'] as Model, { depth: 2 })).model.layers.filter(({ kind }) => kind === 'conv2d'),
    ).toHaveLength(3);
  });
});

describe('deeper, whatever the graph', () => {
  const RELU = { fn: 'relu' } as const;
  const image = noise(72, 3);
  const difference = (one: Model, other: Model, input: Float32Array): number => {
    const answers = outputOf(other, input);
    return outputOf(one, input).reduce((most, y, i) => Math.max(most, Math.abs(y - (answers[i] as number))), 0);
  };

  it('gives the same answers on random residual, concatenating and depthwise networks', () => {
    let deepened = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...OPERATIONS), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.integer(),
        fc.constantFrom(1.5, 2, 3),
        (operations, flatten, seed, depth) => {
          const model = randomModel(operations, flatten, seed);
          const { model: deep } = withDepth(model, depth, false);
          if (deep === model) return;
          deepened++;
          validateModel(deep);
          expect(difference(model, deep, image)).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 300 },
    );
    expect(deepened).toBeGreaterThan(150);
  });

  it.each([
    ['with ReLU behind each', true, false],
    ['with ReLU behind each, the branch named first', true, true],
    ['without', false, false],
    ['without, the branch named first', false, true],
  ])('repeats residual blocks that follow each other directly (%s)', (_name, relu, branchFirst) => {
    const b = new Builder(seededRandom(4));
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [6, 6, 2] });
    const convolution = (name: string, from: string, inner: number, activation: Activation = LINEAR): string =>
      b.add({
        kind: 'conv2d',
        name,
        inputs: [from],
        kernel: b.tensor([3, 3, inner, 3]),
        bias: b.tensor([3]),
        ...PLAIN,
        activation,
      });
    let at = convolution('c0', 'in', 2, RELU);
    for (const i of [1, 2, 3]) {
      const branch = convolution(`c${i}`, at, 3);
      at = b.add({ kind: 'add', name: `a${i}`, inputs: branchFirst ? [branch, at] : [at, branch] });
      if (relu) at = b.add({ kind: 'activation', name: `r${i}`, inputs: [at], activation: RELU });
    }
    b.add({ kind: 'flatten', name: 'flat', inputs: [at] });
    b.add({ kind: 'dense', name: 'out', inputs: ['flat'], kernel: b.tensor([108, 3]), activation: LINEAR });
    const model = b.model();
    const { model: deep } = withDepth(model, 2, false);
    validateModel(deep);
    expect(deep.layers.filter(({ kind }) => kind === 'add')).toHaveLength(6);
    expect(difference(model, deep, image)).toBeLessThan(1e-5);
  });

  it('repeats the ReLU of a stage where it is, when normalisation behind it may go below zero', () => {
    const b = new Builder(seededRandom(4));
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [6, 6, 2] });
    b.add({ kind: 'conv2d', name: 'c', inputs: ['in'], kernel: b.tensor([3, 3, 2, 3]), ...PLAIN, activation: RELU });
    b.add({
      kind: 'batchNorm',
      name: 'norm',
      inputs: ['c'],
      mean: b.tensor([3], [0.5, 0.5, 0.5]),
      variance: b.tensor([3], [0.5, 0.5, 0.5]),
      epsilon: 1e-3,
      momentum: 0.9,
    });
    b.add({ kind: 'flatten', name: 'flat', inputs: ['norm'] });
    b.add({ kind: 'dense', name: 'out', inputs: ['flat'], kernel: b.tensor([108, 3]), activation: LINEAR });
    const model = b.model();
    const { model: deep } = withDepth(model, 2, false);
    expect(deep.layers.map(({ kind }) => kind)).toEqual(['input', 'conv2d', 'conv2d', 'batchNorm', 'flatten', 'dense']);
    expect(difference(model, deep, image)).toBeLessThan(1e-5);
  });
});
