/**
 * Layers as products of rows with weights, for every way in which a layer may read its input: rows times the kernel are the layer's outputs.
 * What rests on it holds in grouped and depthwise layers too: bias correction brings mean outputs back, adaptive rounding comes nearer.
 */
import { describe, expect, it } from 'vitest';
import { tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import type { PassContext } from '#core/pass';
import { adaptiveRounding } from '#core/passes/adaptive-rounding';
import { correctBiases, inputMeans } from '#core/passes/shared/bias-rounding';
import { layerRows } from '#core/passes/shared/layer-rows';
import { selectPrunable } from '#core/passes/shared/selection';
import { weightQuantization } from '#core/passes/weight-quantization';
import { forward } from '../../support/reference-forward';
import { applyPass, modelOf, plainContext, tensor } from '../helpers';

const noise = (count: number, seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 2 * random() - 1);
};
const linear = { fn: 'linear' } as const;

/** One layer behind an input [h, w, c]. */
function single(input: readonly number[], kernel: readonly number[], layer: object): Model {
  const weights = tensor(
    kernel,
    noise(
      kernel.reduce((a, b) => a * b, 1),
      5,
    ),
  );
  return modelOf(
    [
      { kind: 'input', name: 'in', inputs: [], shape: input },
      { name: 'l', inputs: ['in'], kernel: weights.id, activation: linear, ...layer } as unknown as Layer,
    ],
    [weights],
  );
}
const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1] } as const;
const LAYERS: Readonly<Record<string, Model>> = {
  'a convolution, same padding, strides': single([5, 4, 3], [3, 2, 3, 4], {
    kind: 'conv2d',
    strides: [2, 1],
    padding: 'same',
    dilation: [1, 1],
  }),
  'a dilated convolution with pads of its own': single([6, 6, 4], [2, 3, 4, 3], {
    kind: 'conv2d',
    strides: [1, 2],
    padding: [1, 0, 0, 2],
    dilation: [2, 2],
  }),
  'a grouped convolution': single([4, 4, 6], [2, 2, 2, 9], { kind: 'conv2d', ...plain }),
  'a depthwise convolution with a multiplier': single([5, 5, 3], [3, 3, 3, 2], {
    kind: 'depthwiseConv2d',
    strides: [2, 2],
    padding: 'same',
    dilation: [1, 1],
  }),
  'a dense layer over pixels': single([3, 2, 4], [4, 5], { kind: 'dense' }),
};

/** Images that are much alike, so that errors of weights can cancel out. */
const imageOf = (size: number, i: number): number[] => noise(size, 100 + i).map((x) => 1 + 0.3 * x);

/** Shows so many images. */
function showing(model: Model, count: number): PassContext {
  const size = (model.layers[0] as { shape: readonly number[] }).shape.reduce((a, b) => a * b, 1);
  const images = Array.from({ length: count }, (_, i) => imageOf(size, i));
  return plainContext(1, {
    async capture(shown, { taps }, visit) {
      const all = images.map((image) => forward(shown, { in: image }));
      const read = (name: string) => shown.layers.find((layer) => layer.name === name)?.inputs[0] as string;
      const values = taps.map(({ layer, at }) =>
        Float32Array.from(all.flatMap((one) => [...(one[at === 'input' ? read(layer) : layer] ?? [])])),
      );
      await visit({ images: count, labels: new Float32Array(count), values, gradients: [], weights: new Map() });
    },
  });
}
const outputs = (model: Model, count: number): number[][] => {
  const size = (model.layers[0] as { shape: readonly number[] }).shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, i) => [...(forward(model, { in: imageOf(size, i) })['l'] ?? [])]);
};

describe.each(Object.entries(LAYERS))('%s', (_name, model) => {
  const [one] = selectPrunable(model, []);
  if (!one) throw new Error('a layer was expected');

  it('is its rows times its kernel', async () => {
    const [found] = await layerRows(model, [one], 2, 1000, [3], showing(model, 2));
    if (!found) throw new Error('rows were expected');
    const { connections: c, rows, x } = found;
    expect(rows).toBe((2 * c.outputSize) / c.outputs);
    const given = Array.from({ length: rows }, (_, r) =>
      Array.from({ length: c.outputs }, (_, o) => {
        let sum = 0;
        for (let place = 0; place < c.places; place++) {
          for (let q = 0; q < c.inner; q++)
            sum +=
              (x[(r * c.places + place) * c.channels + c.channelOf(q, o)] as number) *
              (one.tensor.data[(place * c.inner + q) * c.outputs + o] as number);
        }
        return sum.toFixed(4);
      }).join(' '),
    );
    // Rows are drawn in an order of their own; each image's come one after another.
    const wanted = outputs(model, 2).flatMap((values) =>
      Array.from({ length: values.length / c.outputs }, (_, p) =>
        values
          .slice(p * c.outputs, (p + 1) * c.outputs)
          .map((y) => y.toFixed(4))
          .join(' '),
      ),
    );
    expect(given.toSorted().map((row) => row.replaceAll('-0.0000', '0.0000'))).toEqual(
      wanted.map((row) => row.replaceAll('-0.0000', '0.0000')).toSorted(),
    );
  });

  it('comes nearer to what it gave when it is rounded adaptively than when rounded to nearest', async () => {
    const context = showing(model, 8);
    const values = { bits: 3, granularity: 'channel' };
    const { model: nearest } = await applyPass(weightQuantization, model, values);
    const { model: adaptive } = await applyPass(
      adaptiveRounding,
      model,
      { ...values, images: 8, iterations: 300 },
      context,
    );
    const error = (of: Model): number => {
      const [now, then] = [outputs(of, 8).flat(), outputs(model, 8).flat()];
      return now.reduce((sum, y, i) => sum + (y - (then[i] as number)) ** 2, 0);
    };
    expect(error(adaptive)).toBeLessThan(0.9 * error(nearest));
  });
});

describe('bias correction', () => {
  it.each([
    ['grouped', single([3, 3, 6], [1, 1, 2, 9], { kind: 'conv2d', ...plain })],
    ['depthwise', single([3, 3, 3], [1, 1, 3, 2], { kind: 'depthwiseConv2d', ...plain })],
    ['dense', single([3, 3, 4], [4, 5], { kind: 'dense' })],
  ] as const)(
    'brings every mean output of a %s layer back exactly, where windows are single pixels',
    async (_, model) => {
      const { model: rounded } = await applyPass(weightQuantization, model, { bits: 2 });
      const means = await inputMeans(model, ['l'], 4, showing(model, 4));
      const corrected = correctBiases(model, rounded, means);
      const bias = tensorOf(corrected, corrected.layers[1] as Layer, 'bias');
      const meanOf = (of: Model): number[] => {
        const all = outputs(of, 4).flat();
        const channels = bias?.data.length ?? 1;
        return Array.from({ length: channels }, (_, o) => {
          const own = all.filter((_, i) => i % channels === o);
          return own.reduce((sum, y) => sum + y, 0) / own.length;
        });
      };
      const [then, off, now] = [meanOf(model), meanOf(rounded), meanOf(corrected)];
      expect(off.some((y, o) => Math.abs(y - (then[o] as number)) > 0.01)).toBe(true);
      for (const [o, y] of now.entries()) expect(y).toBeCloseTo(then[o] as number, 5);
    },
  );
});
