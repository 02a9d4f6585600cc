/** Ensembles and trees on the engine: evaluated, taught with, made; and rows and weights of images in training. */
import { describe, expect, it } from 'vitest';
import { asOneModel } from '#core/ensembles/graph';
import { ensembleById } from '#core/ensembles/index';
import { boostingMembers } from '#core/ensembles/making/boosting';
import { soups } from '#core/ensembles/making/soups';
import { totalsOf } from '#core/metrics/totals';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { softmaxRows } from '#core/numeric/softmax';
import { ADAM, type LossTerm, type Objective } from '#core/objective';
import { defaultsOf } from '#core/params';
import type { EnsemblePredictor, Predictor } from '#core/predictor';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeContext } from '#engine/context';
import { evaluate, logitsOf } from '#engine/evaluate';
import { train } from '#engine/train';
import { featuresOf } from '#engine/trees';
import { makeBars } from './bars';
import { NETWORKS } from './suite/cases-training';

const bars = makeBars({ train: 96, validation: 30, test: 30 });
const backend = await makeCpuBackend();
const network = (seed: number): Model => createModel(NETWORKS.plain, seed);
const residual = createModel(NETWORKS.residual, 2);
const asPredictor = (model: Model): Predictor => ({ kind: 'model', model });
const waves = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(3 * i));
const ensemble = (members: readonly Predictor[], way = 'mean-probabilities'): EnsemblePredictor => ({
  kind: 'ensemble',
  way,
  values: {},
  members,
  state: {},
});
const objective = (change: Partial<Objective>): Objective => ({
  model: network(1),
  loss: [{ kind: 'crossEntropy', weight: 1 }],
  optimizer: { kind: 'sgd' },
  learningRate: 0.05,
  schedule: { kind: 'constant' },
  epochs: 1,
  batchSize: 16,
  seed: 3,
  l1: 0,
  l2: 0,
  ...change,
});
const trained = async (change: Partial<Objective>): Promise<Model> =>
  (await train(backend, objective(change), bars, { validate: false })).model;
const valuesOf = (model: Model): number[] => Object.values(model.tensors).flatMap(({ data }) => [...data]);
const near = (one: ArrayLike<number>, other: ArrayLike<number>, digits = 5): void => {
  expect(one.length).toBe(other.length);
  for (let i = 0; i < one.length; i++) expect(one[i]).toBeCloseTo(other[i] as number, digits);
};

describe('an ensemble', () => {
  it('answers with what its way makes of its members, each run once', async () => {
    const members = [asPredictor(network(1)), asPredictor(residual)];
    const whole = ensemble([...members, ensemble(members, 'mean-logits')]);
    const seen: number[] = [];
    const scores = await logitsOf(backend, whole, bars, 'validation', { onProgress: (done) => seen.push(done) });
    const [a, b] = [
      await logitsOf(backend, members[0] as Predictor, bars, 'validation'),
      await logitsOf(backend, members[1] as Predictor, bars, 'validation'),
    ];
    const inner = ensembleById('mean-logits').combine([a, b], 3, {}, {}).scores;
    near(scores, ensembleById('mean-probabilities').combine([a, b, inner], 3, {}, {}).scores);
    expect(seen.at(-1)).toBe(1);
    expect(seen.every((share, i) => i === 0 || share >= (seen[i - 1] as number))).toBe(true);
  });

  it('of a model and itself is as good as the model', async () => {
    const alone = await evaluate(backend, asPredictor(residual), bars, 'test');
    const twice = await evaluate(backend, ensemble([asPredictor(residual), asPredictor(residual)]), bars, 'test');
    expect(twice.accuracy).toBe(alone.accuracy);
    expect(twice.loss).toBeCloseTo(alone.loss, 5);
  });

  it.each([
    ['softened answers', { kind: 'distillation', weight: 1, temperature: 3 }],
    ['logits', { kind: 'logitError', weight: 1 }],
  ] as const)('of one model teaches as that model (%s), looked up and running along', async (_, term) => {
    for (const change of [{}, { augment: { shift: 1 } }]) {
      const [alone, whole, twice] = await Promise.all(
        [
          asPredictor(residual),
          ensemble([asPredictor(residual)]),
          ensemble([asPredictor(residual), asPredictor(residual)]),
        ].map(async (teacher) => valuesOf(await trained({ ...change, loss: [{ ...term, teacher } as LossTerm] }))),
      );
      near(whole as number[], alone as number[]);
      near(twice as number[], alone as number[]);
    }
  });

  it('of two teaches neither of them alone, and cannot give hints', async () => {
    const two = ensemble([asPredictor(residual), asPredictor(network(5))]);
    const taught = async (teacher: Predictor) =>
      valuesOf(await trained({ loss: [{ kind: 'distillation', weight: 1, temperature: 2, teacher }] }));
    expect(await taught(two)).not.toEqual(await taught(two.members[0] as Predictor));
    const studentLayer = network(1).layers[1]?.name as string;
    const hint = { kind: 'hint', weight: 1, teacher: two, teacherLayer: 'a', studentLayer } as const;
    await expect(trained({ loss: [hint] })).rejects.toThrow(/one network/);
  });
});

describe('one graph', () => {
  const three = [network(1), residual, network(5)].map(asPredictor);
  it.each([
    ['mean-probabilities', {}],
    ['soft-vote', {}],
    ['mean-logits', {}],
    ['learned-weights', { weights: [0.5, 0, 0.5] }],
    ['accuracy-weights', { weights: [0.2, 0.5, 0.3] }],
  ] as const)('answers as the ensemble does (%s)', async (way, state) => {
    const whole = { ...ensemble(three, way), state };
    const one = asOneModel(whole, 'Together') as Model;
    validateModel(one);
    expect(totalsOf(asPredictor(one)).macs).toBe(
      totalsOf(whole.way === 'learned-weights' ? ensemble([network(1), network(5)].map(asPredictor)) : whole).macs,
    );
    const scores = await logitsOf(backend, whole, bars, 'validation');
    near(softmaxRows(await logitsOf(backend, asPredictor(one), bars, 'validation'), 3), softmaxRows(scores, 3));
  });

  /** A second level of so many numbers, or a chain whose groups are not in order. */
  it.each([
    ['stacking', { hidden: 0, weights: waves(30) }],
    ['stacking', { hidden: 4, weights: waves(55) }],
    ['stacking', {}],
    ['task-chain', { groups: [[2, 0], [1]] }],
    ['task-chain', { groups: [[], [0, 1, 2]] }],
  ] as const)('holds %s %j', async (way, state) => {
    const whole = { ...ensemble(three, way), state };
    const one = asOneModel(whole, 'Together') as Model;
    validateModel(one);
    const scores = await logitsOf(backend, whole, bars, 'validation');
    const own = await logitsOf(backend, asPredictor(one), bars, 'validation');
    near(softmaxRows(own, 3), softmaxRows(scores, 3));
    // Probabilities, not numbers that a loss would take a softmax of.
    expect(Math.max(...own)).toBeLessThanOrEqual(way === 'task-chain' ? 1e-6 : Number.POSITIVE_INFINITY);
  });

  it('holds a model once that is several members, and takes a graph of means for a member', async () => {
    const [a, b] = three as [Predictor, Predictor];
    const twice = ensemble([a, b, a], 'mean-logits');
    const one = asOneModel(twice, 'x') as Model;
    expect(totalsOf(asPredictor(one)).parameters).toBe(totalsOf(ensemble([a, b])).parameters);
    const scores = await logitsOf(backend, twice, bars, 'validation');
    near(softmaxRows(await logitsOf(backend, asPredictor(one), bars, 'validation'), 3), softmaxRows(scores, 3));
    const mean = asPredictor(asOneModel(ensemble([a, b]), 'mean') as Model);
    const outer = ensemble([mean, b]);
    const both = asOneModel(outer, 'x') as Model;
    near(
      softmaxRows(await logitsOf(backend, asPredictor(both), bars, 'validation'), 3),
      softmaxRows(await logitsOf(backend, outer, bars, 'validation'), 3),
    );
    expect(asOneModel(ensemble([mean, b], 'mean-logits'), 'x')).toBeNull();
  });

  it('is none where a graph cannot hold the rule', () => {
    expect(asOneModel(ensemble(three, 'majority-vote'), 'x')).toBeNull();
    expect(asOneModel(ensemble(three, 'cascade'), 'x')).toBeNull();
    expect(asOneModel(ensemble([ensemble(three), ...three]), 'x')).toBeNull();
  });
});

describe('rows and weights of images', () => {
  it('two copies of a row are one of twice the weight beside one of none', async () => {
    const plain = createModel(
      { ...NETWORKS.plain, rows: [{ kind: 'flatten' }, { kind: 'dense', units: 3, activation: 'linear', bias: true }] },
      4,
    );
    const copies = await trained({ model: plain, batchSize: 2, epochs: 3, data: { rows: Uint32Array.of(5, 5) } });
    const sampleWeights = new Float32Array(96);
    sampleWeights[5] = 2;
    const weighted = await trained({
      model: plain,
      batchSize: 2,
      epochs: 3,
      sampleWeights,
      data: { rows: Uint32Array.of(5, 8) },
    });
    near(valuesOf(copies), valuesOf(weighted));
    expect(valuesOf(copies)).not.toEqual(valuesOf(plain));
  });

  it('weights of 1 change nothing, and none can be given where labels and teachers differ', async () => {
    const sampleWeights = new Float32Array(96).fill(1);
    expect(valuesOf(await trained({ sampleWeights }))).toEqual(valuesOf(await trained({})));
    const loss: LossTerm[] = [
      { kind: 'crossEntropy', weight: 1 },
      { kind: 'distillation', weight: 1, temperature: 1, teacher: asPredictor(residual) },
    ];
    await expect(trained({ sampleWeights, loss, data: { transfer: 'noise' } })).rejects.toThrow(/weighted/);
    await expect(trained({ data: { rows: Uint32Array.of(96) } })).rejects.toThrow(RangeError);
  });
});

describe('members', () => {
  const context = () =>
    makeContext({
      backend,
      dataset: bars,
      seed: 2,
      signal: new AbortController().signal,
      progress: () => {},
      resolve: async () => asPredictor(residual),
    });

  it('are boosted, each on what the last got wrong, and vote', async () => {
    const values = { ...defaultsOf(boostingMembers.params), members: 3, learningRate: 0.01, batchSize: 16 };
    const made = await boostingMembers.make([network(1)], values, context());
    expect(made.members.length).toBeGreaterThan(0);
    const { way, values: own, state = {} } = made.combined ?? { way: '', values: {} };
    const whole: Predictor = { kind: 'ensemble', way, values: own, members: made.members, state };
    expect((await evaluate(backend, whole, bars, 'train')).accuracy).toBeGreaterThan(0.4);
  });

  it('become a soup of one model', async () => {
    const values = { ...defaultsOf(soups.params), copies: 2, epochs: 1, batchSize: 16, images: 48 };
    const { members } = await soups.make(
      [await trained({ optimizer: ADAM, learningRate: 0.01, epochs: 2 })],
      values,
      context(),
    );
    expect(members).toHaveLength(1);
    expect((await evaluate(backend, members[0] as Predictor, bars, 'validation')).accuracy).toBeGreaterThan(0.3);
  });
});

describe('trees', () => {
  const stump = {
    kind: 'mean',
    start: [],
    trees: [
      {
        feature: [9, -1, -1],
        threshold: [0.5, 0, 0],
        left: [1, 0, 0],
        right: [2, 0, 0],
        value: [0, 0, 0, 0.5, 0.25, 0.25, 0, 0, 1],
      },
    ],
  } as const;

  it('look at pixels as a network sees them', async () => {
    const trees: Predictor = {
      kind: 'trees',
      features: { kind: 'pixels' },
      forest: stump,
      classes: 3,
      shape: [8, 8, 1],
    };
    const scores = await logitsOf(backend, trees, bars, 'validation');
    const { pixels, count } = bars.splits.validation;
    for (let i = 0; i < count; i++) {
      const low = (pixels[i * 64 + 9] as number) * bars.scale <= 0.5;
      expect(Math.exp(scores[i * 3] as number)).toBeCloseTo(low ? 0.5 : 0, 6);
    }
    const other: Predictor = { ...trees, classes: 4 };
    await expect(logitsOf(backend, other, bars, 'validation')).rejects.toThrow(/trees/);
  });

  it('or at what a layer gives', async () => {
    const model = network(1);
    const layer = model.outputs[0] as string;
    const features = await featuresOf(backend, { kind: 'layer', model, layer }, bars, 'validation');
    near(features, await logitsOf(backend, asPredictor(model), bars, 'validation'));
  });
});
