/**
 * Pairs of layers with weights between which a channel can be scaled up in one and down in the other without changing what the
 * model answers: what lies between them passes a positive factor through (ReLU, pooling, flattening), and nothing else reads it.
 */
import { layerOf, tensorOf } from '#core/model/edit';
import { type Activation, isWeighted, type Layer, type WeightedLayer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { type Shape, shapesOf } from '#core/model/shapes';
import type { Words } from '#core/params';

export interface ScalablePair {
  readonly first: WeightedLayer;
  readonly second: WeightedLayer;
}
/** A layer whose outputs cannot be scaled, and why. */
export interface Obstacle {
  readonly layer: string;
  readonly reason: Words;
}

const OBSTACLES = {
  shared: { en: 'its output is used in more than one place', zh: '它的输出用于多处' },
  normalised: {
    en: 'batch normalisation follows, which sets the scale anew: fold it first',
    zh: '其后有批归一化，会重新设定尺度：请先合并它',
  },
  curved: {
    en: 'an activation follows that is not proportional (only ReLU, leaky ReLU and PReLU are)',
    zh: '其后的激活函数不是正齐次的（只有 ReLU、leaky ReLU 和 PReLU 是）',
  },
  capped: { en: 'its ReLU has an upper limit', zh: '它的 ReLU 有上限' },
  joined: {
    en: 'its output is joined with another one before the next weights',
    zh: '它的输出在下一层权重之前与其他输出合并',
  },
  grouped: { en: 'the next convolution is grouped', zh: '下一个卷积是分组卷积' },
  answer: { en: 'its output is the answer of the model', zh: '它的输出就是模型的输出' },
} as const satisfies Record<string, Words>;

/** All pairs in layer order, and why other layers have no second one. */
export function scalablePairs(model: Model): {
  readonly pairs: readonly ScalablePair[];
  readonly obstacles: readonly Obstacle[];
} {
  const shapes = shapesOf(model);
  const pairs: ScalablePair[] = [];
  const obstacles: Obstacle[] = [];
  for (const layer of model.layers) {
    if (!isWeighted(layer)) continue;
    const found = follow(model, shapes, layer);
    if (typeof found === 'string') obstacles.push({ layer: layer.name, reason: OBSTACLES[found] });
    else pairs.push({ first: layer, second: found });
  }
  return { pairs, obstacles };
}

function follow(
  model: Model,
  shapes: ReturnType<typeof shapesOf>,
  first: WeightedLayer,
): WeightedLayer | keyof typeof OBSTACLES {
  const channels = shapes[first.name]?.at(-1) as number;
  let at: Layer = first;
  for (;;) {
    const blocked = blockedBy(at);
    if (blocked) return blocked;
    if (model.outputs.includes(at.name)) return 'answer';
    const readers = model.layers.filter(({ inputs }) => inputs.includes(at.name));
    const [next] = readers;
    if (!next || readers.length > 1) return next ? 'shared' : 'answer';
    if (!isWeighted(next)) {
      at = next;
      continue;
    }
    const kernel = tensorOf(model, next, 'kernel');
    const reads = (shapes[next.inputs[0] as string] as Shape).at(-1) as number;
    if (next.kind === 'conv2d' && kernel && (kernel.shape[2] as number) < reads) return 'grouped';
    // A flatten repeats the channels for every position; anything else would mix them up.
    return reads % channels === 0 ? next : 'joined';
  }
}

/** Why a positive factor does not pass through a layer, or null where it does. */
function blockedBy(layer: Layer): keyof typeof OBSTACLES | null {
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
    case 'activation':
      return curvature(layer.activation);
    case 'prelu':
    case 'maxPool2d':
    case 'averagePool2d':
    case 'globalAveragePool2d':
    case 'globalMaxPool2d':
    case 'flatten':
    case 'reshape':
    case 'dropout':
    case 'zeroPad2d':
    case 'crop2d':
    case 'upsample2d':
      return null;
    case 'batchNorm':
      return 'normalised';
    case 'rescale':
      return layer.offset === 0 ? null : 'curved';
    case 'input':
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
    case 'concat':
      return 'joined';
    default:
      throw layer satisfies never;
  }
}

function curvature({ fn, max }: Activation): 'curved' | 'capped' | null {
  if (fn === 'relu' && max !== undefined) return 'capped';
  return fn === 'linear' || fn === 'relu' || fn === 'leakyRelu' ? null : 'curved';
}

/** The layer as it stands now in a changed model. */
export function layerNow(model: Model, { name }: WeightedLayer): WeightedLayer {
  return layerOf(model, name) as WeightedLayer;
}
