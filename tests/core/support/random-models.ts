/** Random networks of every kind of layer that joins, splits or moves channels. */
import type { Activation } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import { Builder, LINEAR, PLAIN } from './models';

/** Functions with f(0) = 0, so that a channel which is zero stays so. */
const ZERO_KEEPING: readonly Activation[] = [
  LINEAR,
  { fn: 'relu' },
  { fn: 'relu', max: 6 },
  { fn: 'leakyRelu', alpha: 0.2 },
  { fn: 'tanh' },
  { fn: 'elu', alpha: 1 },
  { fn: 'swish' },
];
export const OPERATIONS = [
  'conv',
  'conv',
  'depthwise',
  'depthwise',
  'batchNorm',
  'prelu',
  'activation',
  'pool',
  'residual',
  'residual',
  'concat',
  'gate',
  'average',
  'maximum',
  'pad',
  'crop',
  'upsample',
  'dropout',
  'reshape',
] as const;

/** A random network of these operations over a 6 x 6 image of 2 channels, ending in 3 classes. */
export function randomModel(operations: readonly (typeof OPERATIONS)[number][], flatten: boolean, seed: number): Model {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const b = new Builder(random);
  const name = (kind: string): string => `${kind}_${b.count}`;
  const act = (): Activation => pick(ZERO_KEEPING);
  let size = 6;
  let channels = 2;
  let at = b.add({ kind: 'input', name: 'in', inputs: [], shape: [size, size, channels] });
  const conv = (from: string, inner: number, out: number, kernel: number, activation: Activation): string =>
    b.add({
      kind: 'conv2d',
      name: name('conv'),
      inputs: [from],
      kernel: b.tensor([kernel, kernel, inner, out]),
      ...(random() < 0.5 ? { bias: b.tensor([out]) } : {}),
      ...PLAIN,
      activation,
    });
  const norm = (from: string, count: number): string =>
    b.add({
      kind: 'batchNorm',
      name: name('norm'),
      inputs: [from],
      gamma: b.tensor([count]),
      beta: b.tensor([count]),
      mean: b.tensor([count]),
      variance: b.tensor(
        [count],
        Array.from({ length: count }, () => random() + 0.2),
      ),
      epsilon: 1e-3,
      momentum: 0.9,
    });
  const startOfStage = (): void => {
    const out = 2 + Math.floor(random() * 4);
    at = conv(at, channels, out, pick([1, 3]), act());
    channels = out;
  };
  startOfStage();
  for (const operation of operations) {
    switch (operation) {
      case 'conv':
        startOfStage();
        break;
      case 'depthwise': {
        const multiplier = pick([1, 2]);
        at = b.add({
          kind: 'depthwiseConv2d',
          name: name('depthwise'),
          inputs: [at],
          kernel: b.tensor([3, 3, channels, multiplier]),
          ...(random() < 0.5 ? { bias: b.tensor([channels * multiplier]) } : {}),
          ...PLAIN,
          activation: act(),
        });
        channels *= multiplier;
        break;
      }
      case 'batchNorm':
        at = norm(at, channels);
        break;
      case 'prelu':
        at = b.add({
          kind: 'prelu',
          name: name('prelu'),
          inputs: [at],
          alpha: b.tensor(random() < 0.5 ? [channels] : [size, size, channels]),
        });
        break;
      case 'activation':
        at = b.add({ kind: 'activation', name: name('activation'), inputs: [at], activation: act() });
        break;
      case 'pool':
        at = b.add({
          kind: pick(['maxPool2d', 'averagePool2d'] as const),
          name: name('pool'),
          inputs: [at],
          window: [2, 2],
          strides: [1, 1],
          padding: 'same',
        });
        break;
      case 'residual': {
        const inside = norm(conv(at, channels, channels, 3, act()), channels);
        at = b.add({ kind: pick(['add', 'subtract'] as const), name: name('sum'), inputs: [at, inside] });
        break;
      }
      case 'average':
      case 'maximum':
        at = b.add({
          kind: operation,
          name: name(operation),
          inputs: [at, conv(at, channels, channels, 1, act()), at],
        });
        break;
      case 'concat': {
        const width = 1 + Math.floor(random() * 3);
        const branch = conv(at, channels, width, 3, act());
        at = b.add({ kind: 'concat', name: name('concat'), inputs: random() < 0.5 ? [branch, at] : [at, branch] });
        channels += width;
        break;
      }
      case 'gate': {
        // Squeeze and excite: a channel of 0 stays 0, whatever its gate says.
        const mean = b.add({ kind: 'globalAveragePool2d', name: name('mean'), inputs: [at], keepDims: true });
        const gate = conv(conv(mean, channels, 2, 1, { fn: 'relu' }), 2, channels, 1, { fn: 'sigmoid' });
        at = b.add({ kind: 'multiply', name: name('gate'), inputs: random() < 0.5 ? [at, gate] : [gate, at] });
        break;
      }
      case 'pad':
        if (size >= 8) break;
        at = b.add({ kind: 'zeroPad2d', name: name('pad'), inputs: [at], pads: [1, 0, 0, 1] });
        size += 1;
        break;
      case 'crop':
        if (size <= 4) break;
        at = b.add({ kind: 'crop2d', name: name('crop'), inputs: [at], pads: [0, 1, 1, 0] });
        size -= 1;
        break;
      case 'upsample':
        if (size > 4) break;
        at = b.add({
          kind: 'upsample2d',
          name: name('upsample'),
          inputs: [at],
          size: [2, 2],
          interpolation: pick(['nearest', 'bilinear'] as const),
        });
        size *= 2;
        break;
      case 'dropout':
        at = b.add({ kind: 'dropout', name: name('dropout'), inputs: [at], rate: 0.5 });
        break;
      case 'reshape':
        at = b.add({ kind: 'reshape', name: name('flat'), inputs: [at], shape: [-1, channels] });
        at = b.add({ kind: 'reshape', name: name('image'), inputs: [at], shape: [size, -1, channels] });
        break;
      default:
        throw operation satisfies never;
    }
  }
  at = flatten
    ? b.add({ kind: 'flatten', name: 'flatten', inputs: [at] })
    : b.add({
        kind: pick(['globalAveragePool2d', 'globalMaxPool2d'] as const),
        name: 'pool',
        inputs: [at],
        keepDims: false,
      });
  const features = flatten ? size * size * channels : channels;
  const hidden = b.add({
    kind: 'dense',
    name: 'hidden',
    inputs: [at],
    kernel: b.tensor([features, 4]),
    bias: b.tensor([4]),
    activation: act(),
  });
  b.add({
    kind: 'dense',
    name: 'out',
    inputs: [norm(hidden, 4)],
    kernel: b.tensor([4, 3]),
    bias: b.tensor([3]),
    activation: { fn: 'softmax' },
  });
  return b.model();
}
