/** Weights and activations, bias correction and integer arithmetic, on a network small enough to follow by hand. */
import { describe, expect, it } from 'vitest';
import { tensorOf } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { validateModel } from '#core/model/validate';
import { isHalf } from '#core/numeric/half';
import type { CaptureRequest, PassContext } from '#core/pass';
import { biasCorrection } from '#core/passes/bias-correction';
import { biasQuantization } from '#core/passes/bias-quantization';
import { halfPrecision } from '#core/passes/half-precision';
import { correctBiases, inputMeans } from '#core/passes/shared/bias-rounding';
import { edgeBefore, roundedEdges, wideEdges } from '#core/passes/shared/calibration';
import { integerDifferences } from '#core/passes/shared/integer-arithmetic';
import { integerNotes, integerSamples } from '#core/passes/shared/integer-notes';
import { staticQuantization } from '#core/passes/static-quantization';
import { forward } from '../support/reference-forward';
import { applyPass, denseModel, kernelOf, modelOf, plainContext, tensor } from './helpers';
import { MODELS } from './models';

/** Two inputs, a ReLU layer and an answer. */
function network(): Model {
  const [k1, b1, k2] = [tensor([2, 2], [1.27, -0.3, 0.5, 0.9]), tensor([2], [0.1, 0.2]), tensor([2, 1], [0.4, -1])];
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd1', inputs: ['in'], kernel: k1.id, bias: b1.id, activation: { fn: 'relu' } },
    { kind: 'dense', name: 'd2', inputs: ['d1'], kernel: k2.id, activation: { fn: 'linear' } },
  ];
  return modelOf(layers, [k1, b1, k2]);
}

/** Shows these images, whatever is tapped, as a model in plain loops computes them. */
function showing(images: readonly (readonly number[])[]): PassContext {
  const capture: PassContext['capture'] = async (model, request: CaptureRequest, visit) => {
    const shown = images.slice(0, request.images);
    const all = shown.map((image) => forward(model, { [model.inputs[0] as string]: image }));
    const values = request.taps.map(({ layer, at }) => {
      const name = at === 'input' ? (model.layers.find((one) => one.name === layer)?.inputs[0] as string) : layer;
      return Float32Array.from(all.flatMap((one) => [...(one[name] ?? [])]));
    });
    await visit({
      images: shown.length,
      labels: new Float32Array(shown.length),
      values,
      gradients: [],
      weights: new Map(),
    });
  };
  return plainContext(1, { capture });
}
const IMAGES = [
  [0, 0],
  [1, 0.5],
  [0.2, 1],
  [0.6, 0.6],
];
const gridAt = (model: Model, name: string): GridValues => model.activationGrids?.[name] as GridValues;
const biasOf = (model: Model, name: string): readonly number[] => {
  const layer = model.layers.find((one) => one.name === name) as DenseLayer;
  return [...(tensorOf(model, layer, 'bias')?.data ?? [])];
};

describe('the outputs that are rounded', () => {
  it('are behind a layer with its normalisation and activation, and not behind what only moves values', () => {
    const names = (name: string): readonly string[] => roundedEdges(MODELS[name] as Model);
    // input, conv with ReLU, (pooling, dropout, flatten), dense; the last layer gives probabilities
    expect(names('convolution')).toHaveLength(3);
    const residual = MODELS['residual'] as Model;
    const kinds = names('residual').map((name) => residual.layers.find((one) => one.name === name)?.kind);
    // conv - norm - relu; conv - norm; add - relu; pooling
    expect(kinds).toEqual(['input', 'activation', 'batchNorm', 'activation', 'globalAveragePool2d']);
  });

  it('are the logits before a softmax of its own, and not the probabilities', () => {
    const plain = network();
    const model: Model = {
      ...plain,
      layers: [...plain.layers, { kind: 'activation', name: 'p', inputs: ['d2'], activation: { fn: 'softmax' } }],
      outputs: ['p'],
    };
    expect(roundedEdges(model)).toEqual(['in', 'd1', 'd2']);
  });

  it('have 8 bits at both ends of the model, and before the last layer where asked', () => {
    const model = MODELS['convolution'] as Model;
    const edges = roundedEdges(model);
    expect([...wideEdges(model, edges, false)]).toEqual([edges[0]]);
    expect([...wideEdges(model, edges, true)]).toEqual([edges[0], edges[2]]);
    expect(wideEdges(network(), ['in', 'd1', 'd2'], false)).toEqual(new Set(['in', 'd2']));
    const last = model.layers.at(-1) as Layer;
    expect(edgeBefore(model, last, edges)).toBe(edges[2]);
  });
});

describe('weights and activations', () => {
  it('puts weights, activations and biases on the grids of ONNX', async () => {
    const { model, report } = await applyPass(
      staticQuantization,
      network(),
      { range: 'full', correctBias: false, outer: 'same' },
      showing(IMAGES),
    );
    const weights = kernelOf(model, 'd1').encoding.values as GridValues;
    expect(weights).toMatchObject({ qMin: -127, qMax: 127, axis: 1, symmetric: true });
    expect(weights.scale[0]).toBeCloseTo(0.01, 8);
    // Images reach from 0 to 1, d1 from 0 to 1.27 + 0.25 + 0.1.
    expect(gridAt(model, 'in')).toMatchObject({ bits: 8, qMin: 0, qMax: 255, zeroPoint: Int32Array.of(0) });
    expect(gridAt(model, 'in').scale[0]).toBeCloseTo(1 / 255, 8);
    expect(gridAt(model, 'd1').scale[0]).toBeCloseTo(1.62 / 255, 6);
    // d2 goes below 0, so its zero is not at the end.
    expect(gridAt(model, 'd2').zeroPoint[0]).toBeGreaterThan(0);
    const step = (weights.scale[0] as number) / 255;
    expect(((biasOf(model, 'd1')[0] as number) / step) % 1).toBeCloseTo(0, 3);
    expect(biasOf(model, 'd1')[0]).toBeCloseTo(0.1, 4);
    const notes = report.notes.map(({ en }) => en).join('\n');
    expect(notes).toContain('3 outputs are rounded, calibrated on 4 training images');
    expect(notes).toMatch(/Integer arithmetic differs by at most (0 steps|1 step) .* \(2 layers compared\)/);
  });

  it('measures no ranges on a model whose values are no numbers', async () => {
    const broken = network();
    const layer = broken.layers[1] as DenseLayer;
    const bias = tensor([2], [Number.NaN, 0]);
    const model: Model = {
      ...broken,
      layers: broken.layers.map((one) => (one === layer ? { ...layer, bias: bias.id } : one)),
      tensors: { ...broken.tensors, [bias.id]: bias },
    };
    await expect(applyPass(staticQuantization, model, {}, showing(IMAGES))).rejects.toThrow('not finite numbers');
    await expect(inputMeans(model, ['d1', 'd2'], 4, showing(IMAGES))).rejects.toThrow('not finite numbers');
  });

  it('gives the image and the answer 8 bits at fewer', async () => {
    const { model } = await applyPass(
      staticQuantization,
      network(),
      { activationBits: 3, outer: 'same' },
      showing(IMAGES),
    );
    expect(['in', 'd1', 'd2'].map((name) => gridAt(model, name).bits)).toEqual([8, 3, 8]);
  });

  it.each(['error', 'full', 'p999', 'p9999', 'entropy'])(
    'gives 16 bits a step 257 times as fine as 8 (%s)',
    async (range) => {
      const quantized = (activationBits: number) =>
        applyPass(staticQuantization, network(), { activationBits, range, outer: 'same' }, showing(IMAGES));
      const [{ model, report }, { model: coarse }] = [await quantized(16), await quantized(8)];
      for (const name of ['in', 'd1', 'd2']) {
        expect(gridAt(model, name)).toMatchObject({ bits: 16, qMin: 0, qMax: 65_535 });
        // Some ranges reach less far with few steps.
        const reach = (gridAt(model, name).scale[0] as number) * 65_535;
        expect(reach).toBeGreaterThan((gridAt(coarse, name).scale[0] as number) * 255 * (1 - 1e-2));
      }
      expect(() => validateModel(model)).not.toThrow();
      const notes = report.notes.map(({ en }) => en).join('\n');
      expect(notes).toContain('with activations of more than 8 bits runtimes take other kernels');
      expect(notes).not.toContain('differs by at most');
    },
  );

  it.each([
    ['one output without weights', [0, 0.5, 0, -0.5]],
    ['no weights at all', [0, 0, 0, 0]],
  ])('keeps the biases of a layer with %s', async (_name, weights) => {
    // At 4 bits the input reaches from 0 to 1.62: with a spacing of 1 for zeros, 0.2 would be 0 or 0.108.
    const [k1, b1] = [tensor([2, 2], [1.27, -0.3, 0.5, 0.9]), tensor([2], [0.1, 0.2])];
    const [k2, b2] = [tensor([2, 2], weights), tensor([2], [0.2, 0.2])];
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [2] },
      { kind: 'dense', name: 'd1', inputs: ['in'], kernel: k1.id, bias: b1.id, activation: { fn: 'relu' } },
      { kind: 'dense', name: 'd2', inputs: ['d1'], kernel: k2.id, bias: b2.id, activation: { fn: 'linear' } },
    ];
    const bits = { weightBits: 4, activationBits: 4, correctBias: false, outer: 'same' };
    const { model } = await applyPass(staticQuantization, modelOf(layers, [k1, b1, k2, b2]), bits, showing(IMAGES));
    for (const bias of biasOf(model, 'd2')) expect(Math.abs(bias - 0.2)).toBeLessThan(0.005);
    const { scale } = kernelOf(model, 'd2').encoding.values as GridValues;
    expect(scale[0]).toBe(weights[1] ? scale[1] : 2 ** -8);
  });

  it('leaves the weights as they are where asked', async () => {
    const before = network();
    const { model } = await applyPass(staticQuantization, before, { weights: 'keep' }, showing(IMAGES));
    expect(kernelOf(model, 'd1')).toBe(kernelOf(before, 'd1'));
    expect(Object.keys(model.activationGrids ?? {})).toEqual(['in', 'd1', 'd2']);
  });
});

describe('integer arithmetic', () => {
  it('is said not to be compared where that takes too long', async () => {
    const kernel = makeTensor([2000, 2000], new Float32Array(4e6));
    const samples = await integerSamples(denseModel(kernel), ['d1'], plainContext());
    expect(samples).toBeNull();
    expect(integerNotes(denseModel(kernel), samples)[0]?.en).toContain('more than 3 million multiplications');
    expect(integerNotes(denseModel(kernel), new Map())).toEqual([]);
  });

  it('is within a step of the float simulation, on both runtimes, for random layers', async () => {
    for (const name of ['convolution', 'depthwise', 'dense'] as const) {
      const model = MODELS[name] as Model;
      const images = Array.from({ length: 6 }, (_, i) =>
        Array.from({ length: 36 }, (__, j) => Math.abs(Math.sin(i * 40 + j))),
      );
      const context = showing(images);
      const { model: rounded } = await applyPass(staticQuantization, model, { range: 'full' }, context);
      const inputs = new Map<string, Float32Array>();
      const layers = model.layers.filter((layer) => 'kernel' in layer).map((layer) => layer.name);
      await context.capture(model, { taps: layers.map((layer) => ({ layer, at: 'input' })), images: 6 }, (batch) => {
        for (const [i, layer] of layers.entries()) inputs.set(layer, batch.values[i] as Float32Array);
      });
      const found = integerDifferences(rounded, inputs);
      expect(found.length).toBeGreaterThan(0);
      for (const one of found) {
        expect(one.onnx).toBeLessThanOrEqual(1);
        expect(one.tflite).toBeLessThanOrEqual(1);
        expect(one.overflows).toBe(false);
        expect(one.largestSum).toBeGreaterThan(0);
      }
    }
  });

  it('sums exactly: 3 x 2 steps of an input of 5 and 7, with a bias of 4', () => {
    const grid = (scale: number, bits = 8, qMax = 255): GridValues => ({
      kind: 'grid',
      bits,
      qMin: 0,
      qMax,
      scale: Float32Array.of(scale),
      zeroPoint: Int32Array.of(0),
      axis: null,
      symmetric: false,
    });
    const weights: GridValues = { ...grid(0.5, 4, 7), qMin: -7, symmetric: true };
    const kernel = tensor([2, 1], [1.5, 1], { values: weights });
    const bias = tensor([1], [1]);
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [2] },
      { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, bias: bias.id, activation: { fn: 'relu' } },
    ];
    const model = { ...modelOf(layers, [kernel, bias]), activationGrids: { in: grid(0.5), d: grid(0.25) } };
    const [found] = integerDifferences(model, new Map([['d', Float32Array.of(2.5, 3.5)]]));
    // Steps: inputs 5 and 7, weights 3 and 2, bias 1 / 0.25 = 4: 15 + 14 + 4 = 33, times 0.25 / 0.25.
    expect(found).toEqual({ layer: 'd', onnx: 0, tflite: 0, largestSum: 33, overflows: false });
  });

  it.each([
    [66_311, 2_147_481_735, false],
    [66_312, 2_147_514_120, true],
  ])('tells sums of %i products of 255 and 127, %i, that leave 32 bits (%s)', (count, largestSum, overflows) => {
    const values: GridValues = {
      kind: 'grid',
      bits: 8,
      qMin: 0,
      qMax: 255,
      scale: Float32Array.of(1),
      zeroPoint: Int32Array.of(0),
      axis: null,
      symmetric: false,
    };
    const weights: GridValues = { ...values, qMin: -127, qMax: 127, symmetric: true };
    const kernel = makeTensor([count, 1], new Float32Array(count).fill(127), { values: weights });
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [count] },
      { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, activation: { fn: 'relu' } },
    ];
    const model = { ...modelOf(layers, [kernel]), activationGrids: { in: values, d: values } };
    const [found] = integerDifferences(model, new Map([['d', new Float32Array(count).fill(255)]]));
    expect(found).toMatchObject({ largestSum, overflows });
  });
});

describe('bias correction', () => {
  it("takes back what rounding adds on average: b - (W' - W) E[x]", async () => {
    const exact = network();
    const rounded = await applyPass(
      staticQuantization,
      exact,
      { weightBits: 2, correctBias: false, outer: 'same' },
      showing(IMAGES),
    );
    const plain = { ...rounded.model };
    const means = new Map([['d1', Float64Array.of(0.45, 0.525)]]);
    const corrected = correctBiases(exact, plain, means);
    const [w, q] = [kernelOf(exact, 'd1').data, kernelOf(plain, 'd1').data];
    for (const o of [0, 1]) {
      const shift =
        ((q[o] as number) - (w[o] as number)) * 0.45 + ((q[2 + o] as number) - (w[2 + o] as number)) * 0.525;
      expect(biasOf(corrected, 'd1')[o]).toBeCloseTo((biasOf(plain, 'd1')[o] as number) - shift, 6);
    }
    expect(biasOf(corrected, 'd2')).toEqual([]);
  });

  it('brings the mean output back to what it was, and gives a layer without a bias one', async () => {
    const exact = network();
    const { model: rounded } = await applyPass(
      staticQuantization,
      exact,
      { weightBits: 2, correctBias: false, outer: 'same' },
      showing(IMAGES),
    );
    const floats = { ...rounded };
    delete (floats as { activationGrids?: unknown }).activationGrids;
    const context = { ...showing(IMAGES), predictor: async () => ({ kind: 'model', model: exact }) as const };
    const { model, report } = await applyPass(biasCorrection, floats, { original: 'a' }, context);
    expect(report.notes[0]?.en).toBe('Biases of 2 layers were corrected.');
    expect(biasOf(model, 'd2')).toHaveLength(1);
    const mean = (of: Model, layer: string): number =>
      IMAGES.reduce((sum, image) => sum + (forward(of, { in: image })[layer]?.[0] as number), 0) / IMAGES.length;
    expect(Math.abs(mean(model, 'd1') - mean(exact, 'd1'))).toBeLessThan(
      Math.abs(mean(floats, 'd1') - mean(exact, 'd1')),
    );
  });

  it('keeps biases on a grid of as many bits, and halves, as it declares', async () => {
    const exact = network();
    const values = { weightBits: 2, correctBias: false, outer: 'same' };
    const { model: rounded } = await applyPass(staticQuantization, exact, values, showing(IMAGES));
    const context = { ...showing(IMAGES), predictor: async () => ({ kind: 'model', model: exact }) as const };
    const biasIn = (model: Model) => {
      const layer = model.layers.find(({ name }) => name === 'd1');
      return layer && tensorOf(model, layer, 'bias');
    };
    // On the grid of the sums, where nothing else is asked of them: plain numbers.
    const { model: free } = await applyPass(biasCorrection, rounded, { original: 'a' }, context);
    expect(biasIn(free)?.encoding.values.kind).toBe('dense');
    const { model: small } = await applyPass(biasQuantization, rounded, { bits: 3 });
    const { model: corrected } = await applyPass(biasCorrection, small, { original: 'a' }, context);
    expect(biasIn(corrected)?.encoding.values).toMatchObject({ kind: 'grid', bits: 3, qMin: -3, qMax: 3 });
    expect(biasIn(corrected)?.data).not.toEqual(biasIn(small)?.data);
    const { model: halves } = await applyPass(halfPrecision, rounded);
    const { model: again } = await applyPass(biasCorrection, halves, { original: 'a' }, context);
    expect(biasIn(again)?.encoding.values.kind).toBe('half');
    expect(biasIn(again)?.data.every(isHalf)).toBe(true);
  });

  it('changes nothing where no other model is named', async () => {
    const model = network();
    const { model: same, report } = await applyPass(biasCorrection, model, {}, showing(IMAGES));
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toContain('choose the model before rounding');
  });
});
