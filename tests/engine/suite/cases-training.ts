/**
 * Whole training runs: twenty steps whose losses agree with the cpu backend's, encodings that survive training, nothing
 * left over, and the same bytes for the same seed.
 */
import type { Architecture, Row } from '#core/architecture';
import { createModel } from '#core/model/create';
import { mapPrunable, withActivationGrids } from '#core/model/edit';
import { type Encoding, roundHalfEven } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fromHalf, isHalf, toHalf } from '#core/numeric/half';
import { ADAM, type Objective } from '#core/objective';
import type { Backend } from '#engine/backend';
import { evaluate } from '#engine/evaluate';
import { forgetPrograms } from '#engine/inference';
import { train } from '#engine/train';
import { makeBars } from '../bars';
import type { Case } from './run';

const BATCH = 8;
const STEPS = 20;
export const tinyBars = makeBars({ train: BATCH * STEPS, validation: 30, test: 30 });

const conv = (filters: number, activation: 'relu' | 'tanh' | 'linear' | 'prelu' = 'relu'): Row => ({
  kind: 'conv2d',
  filters,
  kernel: 3,
  stride: 1,
  padding: 'same',
  activation,
  bias: true,
});
const halve: Row = { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' };
const classify: Row[] = [{ kind: 'flatten' }, { kind: 'dense', units: 3, activation: 'linear', bias: true }];
const networkOf = (name: string, rows: readonly Row[]): Architecture => ({
  name,
  input: [8, 8, 1],
  classes: 3,
  rows: [...rows],
});

export const NETWORKS = {
  plain: networkOf('plain', [conv(3), halve, ...classify]),
  residual: networkOf('residual', [
    conv(3),
    { kind: 'batchNorm' },
    halve,
    conv(3, 'tanh'),
    { kind: 'residualAdd', from: 3 },
    { kind: 'averagePool2d', size: 2, stride: 2, padding: 'valid' },
    ...classify,
  ]),
  separable: networkOf('separable', [
    conv(3, 'prelu'),
    { kind: 'depthwiseConv2d', kernel: 3, stride: 2, padding: 'same', activation: 'leakyRelu', bias: true },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'globalAveragePool2d' },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ]),
} as const;

export function objectiveFor(model: Model, change: Partial<Objective> = {}): Objective {
  return {
    model,
    loss: [{ kind: 'crossEntropy', weight: 1, labelSmoothing: 0.05 }],
    optimizer: ADAM,
    learningRate: 0.01,
    schedule: { kind: 'cosine' },
    epochs: 1,
    batchSize: BATCH,
    seed: 3,
    l1: 0,
    l2: 1e-3,
    ...change,
  };
}

/** The loss of every step, and the model that came out. */
async function curve(backend: Backend, objective: Objective): Promise<{ losses: number[]; model: Model }> {
  const losses: number[] = [];
  const { model } = await train(backend, objective, tinyBars, {
    validate: false,
    reportEvery: 0,
    onProgress: ({ point }) => losses.push(point.trainLoss),
  });
  return { losses, model };
}

/** Losses drift apart slowly as rounding differs; 20 steps leave them this close. */
const CURVE_TOLERANCE = 5e-3;

export function curveCase(name: string, make: () => Objective): Case {
  return {
    name: `training: ${name}`,
    async run(backend, cpu) {
      const expected = await curve(cpu, make());
      const actual = await curve(backend, make());
      if (expected.losses.length !== STEPS) throw new Error(`${expected.losses.length} losses were reported`);
      expected.losses.forEach((loss, i) => {
        const other = actual.losses[i] as number;
        if (!(Math.abs(other - loss) <= CURVE_TOLERANCE * (1 + loss)))
          throw new Error(`the loss of step ${i + 1} is ${other}, on the cpu backend ${loss}`);
      });
    },
  };
}

type EncodingKind = 'mask' | 'grid' | 'channels' | 'codebook' | 'half' | 'binary';

/** The model with every kernel masked, on a grid, in halves, of two signs, or from a codebook. */
export function encoded(model: Model, kind: EncodingKind): Model {
  return mapPrunable(model, [], (_layer, tensor) => {
    const encoding = encodingFor(tensor, kind);
    return makeTensor(
      tensor.shape,
      Float32Array.from(tensor.data, (value, i) => decoded(encoding, tensor, value, i)),
      encoding,
    );
  });
}

function encodingFor(tensor: Tensor, kind: EncodingKind): Encoding {
  const mask = Uint8Array.from(tensor.data, (_, i) => (i % 3 === 0 ? 0 : 1));
  const top = tensor.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const axis = tensor.shape.length - 1;
  const channels = tensor.shape[axis] as number;
  const grid = { kind: 'grid', bits: 4, qMin: -7, qMax: 7, symmetric: true } as const;
  switch (kind) {
    case 'mask':
      return { mask, values: { kind: 'dense' } };
    case 'grid':
      return { mask, values: { ...grid, axis: null, scale: Float32Array.of(top / 7), zeroPoint: Int32Array.of(0) } };
    case 'channels':
      return {
        values: { ...grid, axis, scale: new Float32Array(channels).fill(top / 7), zeroPoint: new Int32Array(channels) },
      };
    case 'half':
      return { mask, values: { kind: 'half' } };
    case 'binary':
      return { values: { kind: 'binary', axis, scale: new Float32Array(channels).fill(top / 2) } };
    case 'codebook':
      return {
        mask,
        values: { kind: 'codebook', centroids: Float32Array.of(-0.6 * top, -0.2 * top, 0.2 * top, 0.6 * top) },
      };
    default:
      throw kind satisfies never;
  }
}

function decoded({ mask, values }: Encoding, tensor: Tensor, value: number, i: number): number {
  if (mask && !mask[i]) return 0;
  if (values.kind === 'dense') return value;
  if (values.kind === 'half') return fromHalf(toHalf(value));
  if (values.kind === 'binary')
    return (value < 0 ? -1 : 1) * (values.scale[i % (tensor.shape.at(-1) as number)] as number);
  if (values.kind === 'codebook')
    return values.centroids.reduce(
      (best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best),
      Number.POSITIVE_INFINITY,
    );
  const scale = values.scale[values.axis === null ? 0 : i % (tensor.shape.at(-1) as number)] as number;
  return scale * Math.min(values.qMax, Math.max(values.qMin, roundHalfEven(value / scale)));
}

/** Throws where a trained kernel has left its encoding, or has not been trained at all. */
export function assertEncoded(before: Model, after: Model): void {
  mapPrunable(after, [], (layer, tensor) => {
    const old = before.tensors[
      (before.layers.find((one) => one.name === layer.name) as { kernel: string }).kernel
    ] as Tensor;
    const { mask, values } = tensor.encoding;
    const kept = tensor.data.filter((_, i) => !mask || mask[i]);
    if (mask && tensor.data.some((value, i) => !mask[i] && value !== 0))
      throw new Error(`${layer.name}: a pruned weight is no longer 0`);
    if (values.kind !== old.encoding.values.kind)
      throw new Error(`${layer.name}: ${values.kind} instead of ${old.encoding.values.kind}`);
    if (tensor.data.every((value, i) => value === old.data[i])) throw new Error(`${layer.name} has not changed`);
    if (values.kind === 'grid') {
      tensor.data.forEach((value, i) => {
        const q = value / (values.scale[values.axis === null ? 0 : i % (tensor.shape.at(-1) as number)] as number);
        if (Math.abs(q - Math.round(q)) > 1e-5 || q < values.qMin - 1e-5 || q > values.qMax + 1e-5)
          throw new Error(`${layer.name}: ${value} is not on the grid`);
      });
    }
    if (values.kind === 'half' && tensor.data.some((value) => !isHalf(value)))
      throw new Error(`${layer.name}: a weight is no half`);
    if (values.kind === 'binary') {
      const off = tensor.data.some((value, i) => Math.abs(value) !== values.scale[i % (tensor.shape.at(-1) as number)]);
      if (off) throw new Error(`${layer.name}: a weight is not its channel's scale`);
    }
    if (values.kind === 'codebook') {
      const { centroids } = values;
      if (centroids.length !== 4 || centroids.some((one, i) => i > 0 && one < (centroids[i - 1] as number)))
        throw new Error(`${layer.name}: centroids ${[...centroids]}`);
      if (kept.some((value) => !centroids.includes(value))) throw new Error(`${layer.name}: a weight is no centroid`);
    }
    return tensor;
  });
}

function encodingCase(kind: EncodingKind): Case {
  return {
    name: `training keeps: ${kind}`,
    async run(backend) {
      const model = encoded(createModel(NETWORKS.plain, 5), kind);
      const { model: after } = await train(backend, objectiveFor(model, { learningRate: 0.05 }), tinyBars, {
        validate: false,
      });
      assertEncoded(model, after);
    },
  };
}

/** The model with the images and the outputs of its convolutions on grids of 4 bits. */
function withGrids(model: Model, scale = 0.09): Model {
  const names = model.layers.filter(({ kind }) => kind === 'input' || kind === 'conv2d').map(({ name }) => name);
  const grid = { kind: 'grid', bits: 4, qMin: 0, qMax: 15, axis: null, symmetric: false } as const;
  const one = { ...grid, scale: Float32Array.of(scale), zeroPoint: Int32Array.of(0) };
  return withActivationGrids(model, Object.fromEntries(names.map((name) => [name, one])));
}

/** The model with its kernels on the 4 even steps from -1 to 1, some of them pruned. */
function boundedModel(model: Model): Model {
  const scale = Float32Array.of(1 / 3);
  const grid = { kind: 'grid', bits: 3, qMin: -3, qMax: 3, axis: null, symmetric: true } as const;
  return mapPrunable(model, [], (_layer, { shape, data }) => {
    const mask = Uint8Array.from(data, (_, i) => (i % 7 === 3 ? 0 : 1));
    const kept = data.map((w, i) => (mask[i] ? w : 0));
    return makeTensor(shape, kept, { mask, values: { ...grid, scale, zeroPoint: Int32Array.of(0) } });
  });
}

const scalesLearn: Case = {
  name: 'training moves scales where it is asked to, and keeps the grids',
  async run(backend) {
    const model = withGrids(encoded(createModel(NETWORKS.plain, 5), 'channels'));
    const { model: after } = await train(backend, objectiveFor(model, { learnSteps: true }), tinyBars, {
      validate: false,
    });
    assertEncoded(model, after);
    for (const [name, { scale }] of Object.entries(after.activationGrids ?? {})) {
      const before = model.activationGrids?.[name]?.scale[0] as number;
      if (!((scale[0] as number) > 0) || scale[0] === before) throw new Error(`the scale of ${name} is ${scale[0]}`);
    }
  },
};

const roundedAnswers: Case = {
  name: 'evaluation rounds activations to their grids, and takes others in their place',
  async run(backend, cpu) {
    const model = createModel(NETWORKS.plain, 5);
    const lossOf = async (on: Backend, of: Model): Promise<number> =>
      (await evaluate(on, { kind: 'model', model: of }, tinyBars, 'validation')).loss;
    const plain = await lossOf(backend, model);
    for (const scale of [0.09, 0.3, 0.09]) {
      const rounded = withGrids(model, scale);
      const [actual, expected] = [await lossOf(backend, rounded), await lossOf(cpu, rounded)];
      if (!(Math.abs(actual - expected) <= CURVE_TOLERANCE * (1 + expected)))
        throw new Error(`at ${scale} the loss is ${actual}, on the cpu backend ${expected}`);
      if (actual === plain) throw new Error(`nothing is rounded at ${scale}`);
    }
  },
};

const nothingLeft: Case = {
  name: 'training and evaluation leave nothing over',
  async run(backend) {
    const run = () => train(backend, objectiveFor(createModel(NETWORKS.residual, 2)), tinyBars);
    forgetPrograms(backend);
    const before = backend.counts().live;
    await run();
    forgetPrograms(backend);
    const after = backend.counts().live;
    if (after !== before) throw new Error(`${before} tensors before, ${after} after`);
  },
};

const sameBytes: Case = {
  name: 'the same seed gives the same bytes',
  async run(backend) {
    const run = async (seed: number): Promise<string> =>
      Object.keys(
        (
          await train(backend, objectiveFor(createModel(NETWORKS.separable, 2), { seed }), tinyBars, {
            validate: false,
          })
        ).model.tensors,
      ).join();
    const once = await run(4);
    if ((await run(4)) !== once) throw new Error('two runs of one seed differ');
    if ((await run(5)) === once) throw new Error('two seeds give the same');
  },
};

const frozenStays: Case = {
  name: 'training leaves frozen layers as they are',
  async run(backend) {
    const model = createModel(NETWORKS.residual, 2);
    const frozen = model.layers
      .filter((layer) => layer.kind === 'conv2d' || layer.kind === 'batchNorm')
      .slice(0, 2)
      .map((layer) => layer.name);
    const { model: after } = await train(backend, objectiveFor(model, { frozen }), tinyBars, { validate: false });
    for (const layer of model.layers) {
      const other = after.layers.find((one) => one.name === layer.name);
      const same = JSON.stringify(other) === JSON.stringify(layer);
      if (frozen.includes(layer.name) !== same && 'kernel' in layer)
        throw new Error(`${layer.name} ${same ? 'was not trained' : 'was trained'}`);
      if (frozen.includes(layer.name) && !same) throw new Error(`${layer.name} was trained`);
    }
  },
};

const make = (network: keyof typeof NETWORKS): Model => createModel(NETWORKS[network], 9);
const members = (['residual', 'plain'] as const).map((name, seed) => ({
  kind: 'model' as const,
  model: createModel(NETWORKS[name], 20 + seed),
}));
const taughtBy: Objective['loss'] = [
  { kind: 'crossEntropy', weight: 0.5 },
  {
    kind: 'distillation',
    weight: 0.5,
    temperature: 3,
    teacher: { kind: 'ensemble', way: 'mean-probabilities', values: {}, members, state: {} },
  },
];

export const trainingCases: readonly Case[] = [
  curveCase('a plain network, sgd', () =>
    objectiveFor(make('plain'), { optimizer: { kind: 'sgd' }, learningRate: 0.1, l1: 1e-3 }),
  ),
  curveCase('batch normalisation and a residual add, adam', () => objectiveFor(make('residual'))),
  curveCase('depthwise, PReLU and dropout, momentum', () =>
    objectiveFor(make('separable'), { optimizer: { kind: 'momentum', momentum: 0.9 } }),
  ),
  curveCase('a mask and a grid', () =>
    objectiveFor(encoded(make('plain'), 'grid'), { optimizer: { kind: 'sgd' }, learningRate: 0.02 }),
  ),
  curveCase('a codebook', () =>
    objectiveFor(encoded(make('plain'), 'codebook'), { optimizer: { kind: 'sgd' }, learningRate: 0.02 }),
  ),
  curveCase('scales of weights and activations', () =>
    objectiveFor(withGrids(encoded(make('plain'), 'channels')), {
      optimizer: { kind: 'sgd' },
      learningRate: 0.02,
      learnSteps: true,
    }),
  ),
  curveCase('weights bounded before they are rounded', () => {
    const model = boundedModel(make('plain'));
    const bounded = model.layers.filter((layer) => 'kernel' in layer).map(({ name }) => name);
    return objectiveFor(model, { optimizer: { kind: 'sgd' }, learningRate: 0.02, bounded });
  }),
  curveCase('two signs', () =>
    objectiveFor(encoded(make('plain'), 'binary'), { optimizer: { kind: 'sgd' }, learningRate: 0.02 }),
  ),
  curveCase('whole channels drawn to zero', () =>
    objectiveFor(make('separable'), { optimizer: { kind: 'sgd' }, learningRate: 0.1, groupLasso: 0.05, l1: 1e-3 }),
  ),
  curveCase('images that weigh differently', () => {
    const sampleWeights = Float32Array.from({ length: BATCH * STEPS }, (_, i) => (i % 5) / 2);
    return objectiveFor(make('plain'), { sampleWeights });
  }),
  curveCase('an ensemble for a teacher, its answers looked up', () => objectiveFor(make('plain'), { loss: taughtBy })),
  curveCase('an ensemble for a teacher, its members running along', () =>
    objectiveFor(make('plain'), { loss: taughtBy, augment: { shift: 1 } }),
  ),
  curveCase('a teacher imitated in logits, layers and attention', () => {
    const [model, teacher] = [make('plain'), make('residual')];
    const layerOf = (of: Model): string => of.layers.find(({ kind }) => kind === 'conv2d')?.name as string;
    const places = { teacherLayer: layerOf(teacher), studentLayer: layerOf(model) };
    const by = { teacher: { kind: 'model', model: teacher } } as const;
    return objectiveFor(model, {
      loss: [
        { kind: 'crossEntropy', weight: 0.5 },
        { kind: 'logitError', weight: 0.1, ...by },
        { kind: 'hint', weight: 0.5, ...by, ...places },
        { kind: 'attention', weight: 0.5, ...by, pairs: [places] },
      ],
    });
  }),
  curveCase('distillation', () =>
    objectiveFor(make('plain'), {
      loss: [
        { kind: 'crossEntropy', weight: 0.3 },
        { kind: 'distillation', weight: 0.7, temperature: 3, teacher: { kind: 'model', model: make('residual') } },
      ],
    }),
  ),
  ...(['mask', 'grid', 'channels', 'codebook', 'half', 'binary'] as const).map(encodingCase),
  scalesLearn,
  roundedAnswers,
  nothingLeft,
  sameBytes,
  frozenStays,
];
