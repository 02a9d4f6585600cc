/**
 * Plans: every kind of layer is lowered, and the gradients of whole graphs agree with finite differences of the same
 * graph computed naively in double precision.
 */
import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { LossTerm } from '#core/objective';
import { EngineError } from '#engine/errors';
import { inferencePlan, type TrainingPlan, trainingPlan } from '#engine/plan';
import { BATCH, checkGradients, conv, finish, LINEAR, objectiveOf, sketch } from './plan/sketch';

const GRAPHS: Readonly<Record<string, () => Model>> = {
  'one value read three times'() {
    const s = sketch([4, 4, 2]);
    conv(s, 'a', 'in', 2, 2);
    s.add({ kind: 'multiply', name: 'square', inputs: ['a', 'a'] });
    s.add({ kind: 'subtract', name: 'less', inputs: ['square', 'a'] });
    s.add({ kind: 'average', name: 'mean', inputs: ['less', 'a', 'square'] });
    return finish(s, 'mean', 32);
  },
  'squeeze and excite, the narrow side first and last'() {
    const s = sketch([4, 4, 2]);
    conv(s, 'a', 'in', 2, 4, { activation: { fn: 'swish' } });
    s.add({ kind: 'globalAveragePool2d', name: 'squeeze', inputs: ['a'], keepDims: true });
    s.add({
      kind: 'conv2d',
      name: 'gate',
      inputs: ['squeeze'],
      kernel: s.tensor([1, 1, 4, 4]),
      strides: [1, 1],
      padding: 'valid',
      dilation: [1, 1],
      activation: { fn: 'sigmoid' },
    });
    s.add({ kind: 'multiply', name: 'right', inputs: ['a', 'gate'] });
    s.add({ kind: 'multiply', name: 'left', inputs: ['gate', 'right'] });
    return finish(s, 'left', 64);
  },
  'joined, enlarged, padded and cut'() {
    const s = sketch([4, 4, 2]);
    conv(s, 'a', 'in', 2, 2);
    conv(s, 'b', 'in', 2, 3, { strides: [2, 2], activation: { fn: 'elu', alpha: 0.7 } });
    s.add({ kind: 'upsample2d', name: 'up', inputs: ['b'], size: [2, 2], interpolation: 'nearest' });
    s.add({ kind: 'concat', name: 'both', inputs: ['a', 'up'] });
    s.add({ kind: 'zeroPad2d', name: 'wide', inputs: ['both'], pads: [1, 0, 0, 2] });
    s.add({ kind: 'crop2d', name: 'small', inputs: ['wide'], pads: [0, 1, 1, 1] });
    s.add({ kind: 'rescale', name: 'scaled', inputs: ['small'], scale: -1.5, offset: 0.25 });
    return finish(s, 'scaled', 4 * 4 * 5);
  },
  'groups, dilation, depthwise and slopes'() {
    const s = sketch([6, 6, 4]);
    conv(s, 'grouped', 'in', 2, 4);
    conv(s, 'dilated', 'grouped', 4, 2, { dilation: [2, 1], padding: [1, 2, 0, 1], activation: { fn: 'gelu' } });
    s.add({
      kind: 'depthwiseConv2d',
      name: 'deep',
      inputs: ['dilated'],
      kernel: s.tensor([3, 2, 2, 2]),
      bias: s.tensor([4]),
      strides: [2, 1],
      padding: 'same',
      dilation: [1, 1],
      activation: { fn: 'softsign' },
    });
    s.add({ kind: 'prelu', name: 'slopes', inputs: ['deep'], alpha: s.tensor([4]) });
    s.add({ kind: 'globalMaxPool2d', name: 'top', inputs: ['slopes'], keepDims: false });
    return finish(s, 'top', 4);
  },
  'dense layers on an image, attention in the middle'() {
    const s = sketch([3, 2, 4]);
    s.add({
      kind: 'dense',
      name: 'each',
      inputs: ['in'],
      kernel: s.tensor([4, 3]),
      bias: s.tensor([3]),
      activation: { fn: 'softplus' },
    });
    s.add({ kind: 'activation', name: 'attention', inputs: ['each'], activation: { fn: 'softmax' } });
    s.add({ kind: 'maximum', name: 'more', inputs: ['each', 'attention'] });
    s.add({ kind: 'minimum', name: 'fewer', inputs: ['more', 'in3'] });
    return finish(s, 'fewer', 18);
  },
  'batch normalisation, pools and a residual'() {
    const s = sketch([6, 6, 1]);
    conv(s, 'a', 'in', 1, 3, { activation: LINEAR });
    s.add({
      kind: 'batchNorm',
      name: 'norm',
      inputs: ['a'],
      gamma: s.tensor([3]),
      beta: s.tensor([3]),
      mean: s.tensor([3]),
      variance: s.tensor([3]),
      epsilon: 0.01,
      momentum: 0.9,
    });
    s.add({ kind: 'averagePool2d', name: 'half', inputs: ['norm'], window: [3, 3], strides: [2, 2], padding: 'same' });
    s.add({
      kind: 'batchNorm',
      name: 'bare',
      inputs: ['half'],
      mean: s.tensor([3]),
      variance: s.tensor([3]),
      epsilon: 0.01,
      momentum: 0.9,
    });
    conv(s, 'b', 'bare', 3, 3, { activation: { fn: 'leakyRelu', alpha: 0.2 } });
    s.add({ kind: 'add', name: 'sum', inputs: ['b', 'bare', 'half'] });
    s.add({ kind: 'reshape', name: 'rows', inputs: ['sum'], shape: [9, -1] });
    return finish(s, 'rows', 27);
  },
  'weights from a codebook, a sigmoid at the end'() {
    const s = sketch([8]);
    const centroids = Float32Array.of(-0.5, 0.1, 0.6);
    const mask = Uint8Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 0 : 1));
    const data = Float32Array.from(mask, (kept, i) => (kept ? (centroids[i % 3] as number) : 0));
    const shared = makeTensor([8, 5], data, { mask, values: { kind: 'codebook', centroids } });
    s.add({ kind: 'dense', name: 'shared', inputs: ['in'], kernel: shared.id, activation: { fn: 'selu' } });
    const model = finish(s, 'shared', 5, 'sigmoid');
    return { ...model, tensors: { ...model.tensors, [shared.id]: shared } };
  },
};
// 'minimum' needs a second value of three channels: the first three of the input's four, by a fixed product.
const threeOfFour = GRAPHS['dense layers on an image, attention in the middle'] as () => Model;
(GRAPHS as Record<string, () => Model>)['dense layers on an image, attention in the middle'] = () => {
  const model = threeOfFour();
  const pick = makeTensor([4, 3], Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0));
  const layer: Layer = { kind: 'dense', name: 'in3', inputs: ['in'], kernel: pick.id, activation: LINEAR };
  return { ...model, layers: model.layers.toSpliced(1, 0, layer), tensors: { ...model.tensors, [pick.id]: pick } };
};

describe('gradients of whole graphs', () => {
  for (const [name, make] of Object.entries(GRAPHS)) {
    it(name, async () => {
      expect(await checkGradients(objectiveOf(make()))).toBeGreaterThan(9);
    });
  }

  it('a smoothed cross-entropy with a teacher', async () => {
    const model = (GRAPHS['one value read three times'] as () => Model)();
    const terms: LossTerm[] = [
      { kind: 'crossEntropy', weight: 0.3, labelSmoothing: 0.1 },
      { kind: 'distillation', weight: 0.7, temperature: 4, teacher: { kind: 'model', model } },
    ];
    expect(await checkGradients(objectiveOf(model, terms))).toBeGreaterThan(9);
  });
});

describe('training plans', () => {
  const chain = (): Model => {
    const s = sketch([6, 6, 2]);
    conv(s, 'first', 'in', 2, 2);
    conv(s, 'second', 'first', 2, 2);
    return finish(s, 'second', 72);
  };
  const kinds = (plan: TrainingPlan) => plan.plan.steps.map(({ op }) => op.kind);

  it('compute no gradient of the images', () => {
    const inputGradients = kinds(trainingPlan(objectiveOf(chain()), BATCH)).filter(
      (kind) => kind === 'conv2dGradInput',
    );
    expect(inputGradients).toHaveLength(1);
  });

  it('compute nothing below the last frozen layer', () => {
    const plan = trainingPlan({ ...objectiveOf(chain()), frozen: ['first', 'second'] }, BATCH);
    expect(kinds(plan).filter((kind) => kind.startsWith('conv2dGrad'))).toEqual([]);
    expect(plan.trained.map(({ layer }) => layer)).toEqual(['out', 'out']);
  });

  it('leave the softmax out, in inference too', () => {
    expect(kinds(trainingPlan(objectiveOf(chain()), BATCH))).not.toContain('softmax');
    expect(inferencePlan(chain(), 1).plan.steps.map(({ op }) => op.kind)).not.toContain('softmax');
  });

  it('refuse what cannot be trained, in both languages', () => {
    const s = sketch([4, 4, 1]);
    conv(s, 'a', 'in', 1, 2);
    s.add({ kind: 'upsample2d', name: 'up', inputs: ['a'], size: [2, 2], interpolation: 'bilinear' });
    const bilinear = finish(s, 'up', 128);
    const refused = (make: () => unknown): EngineError => {
      try {
        make();
      } catch (error) {
        if (error instanceof EngineError) return error;
      }
      throw new Error('nothing was refused');
    };
    const error = refused(() => trainingPlan(objectiveOf(bilinear), BATCH));
    expect(error.words.en).toContain('bilinear');
    expect(error.words.zh).toContain('双线性');
    // Frozen below it, it can.
    expect(trainingPlan({ ...objectiveOf(bilinear), frozen: ['a'] }, BATCH).trained).toHaveLength(2);
    expect(
      refused(() => trainingPlan({ ...objectiveOf(chain()), frozen: ['first', 'second', 'out'] }, BATCH)).words.en,
    ).toContain('Nothing');
  });

  it('take logs where a model ends in a mean of probabilities, and do not train it', () => {
    const s = sketch([4]);
    for (const name of ['p', 'q'])
      s.add({ kind: 'dense', name, inputs: ['in'], kernel: s.tensor([4, 3]), activation: { fn: 'softmax' } });
    const model = s.model(s.add({ kind: 'average', name: 'mean', inputs: ['p', 'q'] }));
    expect(inferencePlan(model, 1).probabilities).toBe(true);
    expect(() => trainingPlan(objectiveOf(model), BATCH)).toThrow(/mean of probabilities/);
  });
});
