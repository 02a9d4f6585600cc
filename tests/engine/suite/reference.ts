/**
 * Every forward operation once more, naively and in double precision, straight from its description in the contract.
 * Nothing here is fast and nothing is shared with a backend. Gradients have no reference of their own: they are
 * compared with finite differences of this.
 */
import { roundHalfEven } from '#core/model/encoding';
import type { Op } from '#engine/ops';
import { elementOf } from './reference-elements';
import { filled, indices, placeOf, type Values, valueAt } from './values';

type Shapes = readonly (readonly number[])[];

/** The outputs of a forward operation; throws for gradients and updates. */
export function reference(op: Op, inputs: readonly Values[], shapes: Shapes): Values[] {
  const x = inputs[0] as Values;
  const second = inputs[1] as Values;
  const shape = shapes[0] as readonly number[];
  const like = (fill: (index: readonly number[]) => number): Values[] => [filled(shape, fill)];
  switch (op.kind) {
    case 'conv2d': {
      const groups = (x.shape[3] as number) / (second.shape[2] as number);
      const perGroup = (second.shape[3] as number) / groups;
      return like(([n, row, column, o]) => {
        let sum = inputs[2] ? valueAt(inputs[2], [o as number]) : 0;
        const firstChannel = Math.floor((o as number) / perGroup) * (second.shape[2] as number);
        for (const [kr, kc, r, c] of window(op.window, second.shape, x.shape, row as number, column as number)) {
          for (let i = 0; i < (second.shape[2] as number); i++)
            sum += valueAt(x, [n as number, r, c, firstChannel + i]) * valueAt(second, [kr, kc, i, o as number]);
        }
        return elementOf(op.act, sum);
      });
    }
    case 'depthwiseConv2d': {
      const multiplier = second.shape[3] as number;
      return like(([n, row, column, o]) => {
        let sum = inputs[2] ? valueAt(inputs[2], [o as number]) : 0;
        const channel = Math.floor((o as number) / multiplier);
        for (const [kr, kc, r, c] of window(op.window, second.shape, x.shape, row as number, column as number)) {
          sum +=
            valueAt(x, [n as number, r, c, channel]) * valueAt(second, [kr, kc, channel, (o as number) % multiplier]);
        }
        return elementOf(op.act, sum);
      });
    }
    case 'matmul': {
      const depth = x.shape[op.transposeA ? 0 : 1] as number;
      return like(([m, n]) => {
        let sum = inputs[2] ? valueAt(inputs[2], [n as number]) : 0;
        for (let k = 0; k < depth; k++) {
          sum +=
            valueAt(x, op.transposeA ? [k, m as number] : [m as number, k]) *
            valueAt(second, op.transposeB ? [n as number, k] : [k, n as number]);
        }
        return elementOf(op.act, sum);
      });
    }
    case 'biasGrad':
      return like(([c]) => sumWhere(x, (index) => index.at(-1) === c));
    case 'maxPool2d':
    case 'averagePool2d':
      return like(([n, row, column, c]) => {
        const seen = [...window(op.window, op.size, x.shape, row as number, column as number)].map(([, , r, q]) =>
          valueAt(x, [n as number, r, q, c as number]),
        );
        return op.kind === 'maxPool2d' ? Math.max(...seen) : seen.reduce((sum, one) => sum + one, 0) / seen.length;
      });
    case 'batchNormTrain': {
      const channels = [x.shape.at(-1) as number];
      const count = x.data.length / (channels[0] as number);
      const mean = filled(channels, ([c]) => sumWhere(x, (index) => index.at(-1) === c) / count);
      const variance = filled(
        channels,
        ([c]) =>
          sumWhere(
            x,
            (index) => index.at(-1) === c,
            (value) => (value - valueAt(mean, [c as number])) ** 2,
          ) / count,
      );
      return [normalised(op.epsilon, [x, second, inputs[2] as Values, mean, variance]), mean, variance];
    }
    case 'batchNorm':
      return [normalised(op.epsilon, inputs)];
    case 'movingAverage':
      return like((index) => op.momentum * valueAt(x, index) + (1 - op.momentum) * valueAt(second, index));
    case 'activation':
      return like((index) => elementOf(op.act, valueAt(x, index)));
    case 'prelu':
      return like((index) => (valueAt(x, index) > 0 ? valueAt(x, index) : valueAt(x, index) * valueAt(second, index)));
    case 'softmax':
      return like(([i, k]) => Math.exp(logSoftmax(x, i as number, k as number, op.temperature)));
    case 'binary':
      return like((index) => combined(op.fn, valueAt(x, index), valueAt(second, index)));
    case 'sumTo':
      return like((index) => sumWhere(x, (at) => at.every((one, axis) => shape[axis] === 1 || one === index[axis])));
    case 'scale':
      return like((index) => valueAt(x, index) * op.scale + op.offset);
    case 'concat':
      return like((index) => {
        let at = index.at(-1) as number;
        for (const input of inputs) {
          const size = input.shape.at(-1) as number;
          if (at < size) return valueAt(input, [...index.slice(0, -1), at]);
          at -= size;
        }
        throw new Error('out of range');
      });
    case 'sliceLast':
      return like((index) => valueAt(x, [...index.slice(0, -1), (index.at(-1) as number) + op.begin]));
    case 'pad2d':
      return like(([n, r, c, k]) =>
        pixel(x, n as number, (r as number) - op.pads[0], (c as number) - op.pads[2], k as number),
      );
    case 'upsample2d':
      return like((index) =>
        op.interpolation === 'nearest' ? nearest(x, index, op.size) : bilinear(x, index, op.size),
      );
    case 'reshape':
      return [{ shape, data: x.data.slice() }];
    case 'oneHot':
      return like(
        ([i, k]) =>
          (1 - op.smoothing) * (valueAt(x, [i as number]) === k ? 1 : 0) + op.smoothing / (shape[1] as number),
      );
    case 'softmaxCrossEntropy':
      return like(([i]) => {
        let sum = 0;
        for (let k = 0; k < (x.shape[1] as number); k++) {
          const p = valueAt(second, [i as number, k]);
          if (p > 0) sum += p * ((op.relative ? Math.log(p) : 0) - logSoftmax(x, i as number, k, op.temperature));
        }
        return sum;
      });
    case 'fakeQuantize': {
      const { qMin, qMax, axis } = op;
      return like((index) => {
        const channel = axis === null ? 0 : (index[axis] as number);
        const [scale, zero] = [second.data[channel] as number, (inputs[2] as Values).data[channel] as number];
        return scale * (Math.min(qMax, Math.max(qMin, roundHalfEven(valueAt(x, index) / scale) + zero)) - zero);
      });
    }
    case 'lookup':
      return like((index) => (valueAt(second, index) < 0 ? 0 : valueAt(x, [valueAt(second, index)])));
    default:
      throw new Error(`no reference for ${op.kind}`);
  }
}

/** [kernel row, kernel column, input row, input column] of the pixels that a window really covers. */
function* window(
  geometry: {
    readonly strides: readonly number[];
    readonly pads: readonly number[];
    readonly dilation: readonly number[];
  },
  size: readonly number[],
  input: readonly number[],
  row: number,
  column: number,
): Generator<readonly [number, number, number, number]> {
  for (let kr = 0; kr < (size[0] as number); kr++) {
    for (let kc = 0; kc < (size[1] as number); kc++) {
      const r =
        row * (geometry.strides[0] as number) - (geometry.pads[0] as number) + kr * (geometry.dilation[0] as number);
      const c =
        column * (geometry.strides[1] as number) - (geometry.pads[2] as number) + kc * (geometry.dilation[1] as number);
      if (r >= 0 && r < (input[1] as number) && c >= 0 && c < (input[2] as number)) yield [kr, kc, r, c];
    }
  }
}

function sumWhere(
  x: Values,
  wanted: (index: readonly number[]) => boolean,
  of: (value: number) => number = (value) => value,
): number {
  let sum = 0;
  for (const index of indices(x.shape)) if (wanted(index)) sum += of(x.data[placeOf(x.shape, index)] as number);
  return sum;
}

function normalised(epsilon: number, [x, gamma, beta, mean, variance]: readonly Values[]): Values {
  const channel = (of: Values | undefined, index: readonly number[]): number =>
    valueAt(of as Values, [index.at(-1) as number]);
  return filled((x as Values).shape, (index) => {
    const centred = valueAt(x as Values, index) - channel(mean, index);
    return (centred / Math.sqrt(channel(variance, index) + epsilon)) * channel(gamma, index) + channel(beta, index);
  });
}

function logSoftmax(x: Values, row: number, k: number, temperature: number): number {
  const all = Array.from({ length: x.shape[1] as number }, (_, i) => valueAt(x, [row, i]) / temperature);
  const top = Math.max(...all);
  return (all[k] as number) - top - Math.log(all.reduce((sum, one) => sum + Math.exp(one - top), 0));
}

function combined(fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum', a: number, b: number): number {
  return { add: a + b, subtract: a - b, multiply: a * b, maximum: Math.max(a, b), minimum: Math.min(a, b) }[fn];
}

function pixel(x: Values, n: number, r: number, c: number, k: number): number {
  const inside = r >= 0 && c >= 0 && r < (x.shape[1] as number) && c < (x.shape[2] as number);
  return inside ? valueAt(x, [n, r, c, k]) : 0;
}

function nearest(x: Values, [n, r, c, k]: readonly number[], size: readonly [number, number]): number {
  return valueAt(x, [
    n as number,
    Math.floor((r as number) / size[0]),
    Math.floor((c as number) / size[1]),
    k as number,
  ]);
}

/** Half-pixel centres; beyond the outermost centres the border's value. */
function bilinear(x: Values, [n, r, c, k]: readonly number[], size: readonly [number, number]): number {
  const along = (at: number, factor: number, side: number): [number, number, number] => {
    const centre = (at + 0.5) / factor - 0.5;
    const low = Math.floor(centre);
    return [Math.min(side - 1, Math.max(0, low)), Math.min(side - 1, Math.max(0, low + 1)), centre - low];
  };
  const [top, bottom, down] = along(r as number, size[0], x.shape[1] as number);
  const [left, right, across] = along(c as number, size[1], x.shape[2] as number);
  const at = (row: number, column: number): number => valueAt(x, [n as number, row, column, k as number]);
  const upper = at(top, left) * (1 - across) + at(top, right) * across;
  const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
  return upper * (1 - down) + lower * down;
}
