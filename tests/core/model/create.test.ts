import { describe, expect, it } from 'vitest';
import type { Architecture, Row } from '#core/architecture';
import { countMacs } from '#core/metrics/operations';
import { countParameters } from '#core/metrics/size';
import { checkArchitecture, createModel, FRESH_ROWS } from '#core/model/create';
import { layerOf, tensorOf } from '#core/model/edit';
import { modelId } from '#core/model/hash';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { TEMPLATES } from '#core/templates';

const build = (rows: readonly Row[], changes: Partial<Architecture> = {}): Architecture => ({
  name: 'Mine',
  input: [8, 8, 1],
  classes: 3,
  rows,
  ...changes,
});
const conv: Row = {
  kind: 'conv2d',
  filters: 4,
  kernel: 3,
  stride: 1,
  padding: 'same',
  activation: 'linear',
  bias: true,
};
const flatten: Row = { kind: 'flatten' };
const dense = (units: number): Row => ({ kind: 'dense', units, activation: 'linear', bias: true });
const data = (model: Model, layer: string, role: TensorRole): Float32Array =>
  tensorOf(model, layerOf(model, layer) as Layer, role)?.data as Float32Array;
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const faultsOf = (rows: readonly Row[], changes: Partial<Architecture> = {}): (string | undefined)[] =>
  checkArchitecture(build(rows, changes)).rows.map((row) => row.fault?.en);

describe('createModel', () => {
  it('names layers as Keras users know them and puts the softmax behind', () => {
    const model = createModel(
      build([
        conv,
        { kind: 'batchNorm' },
        { kind: 'activation', activation: 'relu' },
        conv,
        { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
        flatten,
        { kind: 'dropout', rate: 0.5 },
        dense(3),
      ]),
      1,
    );
    expect(model.layers.map((layer) => layer.name)).toEqual([
      'input_1',
      'conv2d_1',
      'batch_normalization_1',
      'activation_1',
      'conv2d_2',
      'max_pooling2d_1',
      'flatten_1',
      'dropout_1',
      'dense_1',
    ]);
    expect(layerOf(model, 'dense_1')).toMatchObject({ activation: { fn: 'softmax' } });
    expect(model).toMatchObject({ name: 'Mine', inputs: ['input_1'], outputs: ['dense_1'], layout: 'nhwc' });
  });

  it('gives the softmax a layer of its own where it cannot be fused', () => {
    const pooled = createModel(build([{ ...conv, filters: 3 }, { kind: 'globalAveragePool2d' }]), 1);
    expect(pooled.layers.at(-1)).toMatchObject({
      kind: 'activation',
      inputs: ['global_average_pooling2d_1'],
      activation: { fn: 'softmax' },
    });
    const bent = createModel(build([flatten, { kind: 'dense', units: 3, activation: 'tanh', bias: false }]), 1);
    expect(bent.layers.slice(-2)).toMatchObject([
      { kind: 'dense', activation: { fn: 'tanh' } },
      { kind: 'activation', activation: { fn: 'softmax' } },
    ]);
    expect(bent.outputs).toEqual(['activation_1']);
  });

  it('adds a PReLU layer with slopes of 0.25, one a channel', () => {
    const model = createModel(
      build([
        { ...conv, activation: 'prelu' },
        flatten,
        { kind: 'dense', units: 5, activation: 'prelu', bias: true },
        { kind: 'activation', activation: 'prelu' },
        dense(3),
      ]),
      1,
    );
    expect(model.layers.map((layer) => layer.name)).toEqual([
      'input_1',
      'conv2d_1',
      'prelu_1',
      'flatten_1',
      'dense_1',
      'prelu_2',
      'prelu_3',
      'dense_2',
    ]);
    expect([...data(model, 'prelu_1', 'alpha')]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(data(model, 'prelu_3', 'alpha')).toHaveLength(5);
  });

  it('starts with He in front of the ReLU family and Glorot elsewhere, seen through batch normalisation', () => {
    const model = createModel(
      build([
        { ...conv, filters: 64, activation: 'relu' },
        { ...conv, filters: 64 },
        { kind: 'batchNorm' },
        { kind: 'activation', activation: 'leakyRelu' },
        { ...conv, filters: 64, activation: 'tanh' },
        { kind: 'depthwiseConv2d', kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
        flatten,
        dense(3),
      ]),
      1,
    );
    const limits: readonly (readonly [string, number])[] = [
      ['conv2d_1', Math.sqrt(6 / 9)],
      ['conv2d_2', Math.sqrt(6 / 576)],
      ['conv2d_3', Math.sqrt(6 / (576 + 576))],
      ['depthwise_conv2d_1', Math.sqrt(6 / 9)],
      ['dense_1', Math.sqrt(6 / (4096 + 3))],
    ];
    for (const [name, limit] of limits) {
      const kernel = data(model, name, 'kernel');
      expect(largest(kernel), name).toBeLessThanOrEqual(limit);
      expect(largest(kernel), name).toBeGreaterThan(0.97 * limit);
      const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
      // Four standard deviations of the mean of a uniform distribution.
      expect(Math.abs(mean), name).toBeLessThan((4 * limit) / Math.sqrt(3 * kernel.length));
    }
    expect(largest(data(model, 'conv2d_1', 'bias'))).toBe(0);
    expect([...new Set(data(model, 'batch_normalization_1', 'gamma'))]).toEqual([1]);
    expect([...new Set(data(model, 'batch_normalization_1', 'beta'))]).toEqual([0]);
    expect([...new Set(data(model, 'batch_normalization_1', 'mean'))]).toEqual([0]);
    expect([...new Set(data(model, 'batch_normalization_1', 'variance'))]).toEqual([1]);
    expect(layerOf(model, 'batch_normalization_1')).toMatchObject({ epsilon: 1e-3, momentum: 0.9 });
  });

  it('gives the same weights for the same seed and others for another', () => {
    const architecture = build([conv, flatten, dense(3)]);
    expect(modelId(createModel(architecture, 7))).toBe(modelId(createModel(architecture, 7)));
    expect(modelId(createModel(architecture, 7))).not.toBe(modelId(createModel(architecture, 8)));
    // Written down once, so that a change of the start is seen.
    expect(
      [...data(createModel(architecture, 7), 'conv2d_1', 'kernel').slice(0, 3)].map((value) => value.toFixed(6)),
    ).toMatchInlineSnapshot(`
      [
        "-0.030460",
        "-0.290822",
        "-0.357307",
      ]
    `);
  });

  it('throws what checkArchitecture says', () => {
    expect(() => createModel(build([flatten, dense(4)]), 1)).toThrow(
      'Row 2: the last row gives 4 numbers; it must give 3',
    );
  });
});

describe('checkArchitecture', () => {
  it('gives shape, parameters and multiply-accumulates of every row, worked by hand', () => {
    const check = checkArchitecture(
      build([
        { ...conv, activation: 'prelu' },
        { kind: 'batchNorm' },
        { kind: 'averagePool2d', size: 2, stride: 2, padding: 'same' },
        { kind: 'depthwiseConv2d', kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: false },
        flatten,
        dense(3),
      ]),
    );
    expect(check.fault).toBeNull();
    expect(check.rows.map(({ shape, parameters, macs }) => [shape, parameters, macs])).toEqual([
      [[8, 8, 4], 9 * 4 + 4 + 4, 64 * 9 * 4],
      [[8, 8, 4], 16, 0],
      [[4, 4, 4], 0, 0],
      [[2, 2, 4], 36, 4 * 4 * 9],
      [[16], 0, 0],
      [[3], 51, 48],
    ]);
    expect([check.parameters, check.macs]).toEqual([44 + 16 + 36 + 51, 2304 + 144 + 48]);
  });

  it('agrees with what the metrics say of the model made', () => {
    for (const template of TEMPLATES) {
      const architecture = template.architecture([28, 28, 1], 10);
      const check = checkArchitecture(architecture);
      const model = createModel(architecture, 1);
      expect(check.parameters, template.id).toBe(countParameters(model).parameters);
      expect(check.macs, template.id).toBe(countMacs(model).total);
    }
  });

  it('adds the output of an earlier row, and says why where it cannot', () => {
    const add = (from: number): Row => ({ kind: 'residualAdd', from });
    const residual = createModel(build([conv, conv, add(1), flatten, dense(3)]), 1);
    expect(layerOf(residual, 'add_1')).toMatchObject({ inputs: ['conv2d_1', 'conv2d_2'] });
    const slopes = createModel(build([{ ...conv, activation: 'prelu' }, conv, add(1), flatten, dense(3)]), 1);
    expect(layerOf(slopes, 'add_1')).toMatchObject({ inputs: ['prelu_1', 'conv2d_2'] });
    expect(faultsOf([conv, conv, add(0)])[2]).toContain('[8, 8, 1] and [8, 8, 4]');
    expect(faultsOf([conv, conv, add(2)])[2]).toContain('must be earlier');
    expect(faultsOf([conv, conv, add(7)])[2]).toContain('must be earlier');
    expect(faultsOf([conv, conv, add(-1)])[2]).toContain('must be earlier');
    expect(faultsOf([conv, conv, add(0.5)])[2]).toContain('must be earlier');
    expect(
      createModel(build([{ ...conv, filters: 1 }, { ...conv, filters: 1 }, add(0), flatten, dense(3)]), 1).layers[3],
    ).toMatchObject({ inputs: ['input_1', 'conv2d_2'] });
  });

  it('marks the first impossible row, says why, and knows nothing of those behind it', () => {
    const check = checkArchitecture(build([conv, { ...conv, kernel: 9, padding: 'valid' }, flatten, dense(3)]));
    expect(check.rows.map(({ shape, fault }) => [shape?.length ?? null, fault === null])).toEqual([
      [3, true],
      [null, false],
      [null, true],
      [null, true],
    ]);
    expect(check.fault?.en).toContain('Row 2: its window of 9 x 9 is larger than what it receives, 8 x 8');
    expect(check.fault?.zh).toContain('第 2 行');
  });

  it.each<[string, Row, string]>([
    ['no filters', { ...conv, filters: 0 } as Row, 'number of filters must be a whole number from 1'],
    ['half a kernel', { ...conv, kernel: 2.5 } as Row, 'kernel size must be a whole number'],
    ['a stride of 0', { ...conv, stride: 0 } as Row, 'stride must be a whole number'],
    ['no units', dense(-3), 'number of units must be a whole number from 1'],
    ['too many units', dense(1e9), 'number of units must be a whole number from 1 to 65536'],
    ['units that are no number', dense(Number.NaN), 'number of units'],
    ['a pool of 0', { kind: 'maxPool2d', size: 0, stride: 2, padding: 'valid' }, 'pool size'],
    ['a pool beyond the image', { kind: 'maxPool2d', size: 9, stride: 2, padding: 'valid' }, 'window of 9 x 9'],
    ['a dropout of everything', { kind: 'dropout', rate: 1 }, 'rate 1 must be at least 0 and below 1'],
    ['a layer nobody knows', { kind: 'lambda' } as unknown as Row, 'no layer of the kind lambda'],
    ['nothing at all', null as unknown as Row, 'cannot be read'],
  ])('refuses %s', (_what, row, words) => {
    expect(faultsOf([row])[0]).toContain(words);
  });

  it('refuses a convolution behind a flatten and an end without the classes', () => {
    expect(faultsOf([flatten, conv])[1]).toContain('needs an image');
    expect(faultsOf([conv])[0]).toContain('the last row gives [8, 8, 4]; it must give 3 numbers');
    expect(faultsOf([flatten, dense(4)])[1]).toContain('gives 4 numbers; it must give 3');
    expect(checkArchitecture(build([])).fault?.en).toContain('it must give 3 numbers');
    expect(checkArchitecture(build([flatten, dense(1)], { classes: 1 })).fault?.en).toContain('at least 2 classes');
    expect(checkArchitecture(build([flatten], { input: [0, 8, 1] })).fault?.en).toContain('The input');
    expect(checkArchitecture(build([flatten, dense(3)], { input: [0, 8, 1] })).rows).toHaveLength(2);
  });

  it('refuses what a browser cannot hold', () => {
    expect(faultsOf([{ ...conv, filters: 65536 }, { ...conv, filters: 65536 }, flatten, dense(3)])[1]).toContain(
      'too many for a browser',
    );
    expect(faultsOf([flatten, dense(30000), dense(2400), dense(3)])[2]).toContain('too many');
    expect(faultsOf([flatten, dense(20000), dense(3000), dense(3)])[2]).toContain('can train at most 50000000');
  });

  it('has fresh rows that fit behind a small image', () => {
    for (const row of Object.values(FRESH_ROWS)) {
      const rows: Row[] = row.kind === 'residualAdd' ? [{ ...conv, filters: 1 }, { ...conv, filters: 1 }, row] : [row];
      const last = checkArchitecture(
        build([...rows, ...(row.kind === 'globalAveragePool2d' || row.kind === 'flatten' ? [] : [flatten]), dense(3)]),
      );
      expect(last.rows.at(-2)?.fault ?? null, row.kind).toBeNull();
    }
  });
});
