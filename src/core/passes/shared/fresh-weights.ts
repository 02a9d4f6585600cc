/**
 * Fresh start weights for a model that has its structure already, by the rules that `model/create` starts new ones with:
 * uniform kernels (He et al. 2015 in front of the ReLU family, Glorot and Bengio 2010 elsewhere), biases 0, batch normalisation that
 * changes nothing, PReLU slopes of 0.25.
 */
import { replaceLayers, withActivationGrids } from '#core/model/edit';
import type { ActivationFn, Layer, TensorRole } from '#core/model/layers';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor, sizeOf } from '#core/model/tensor';
import { derivedSeed, seededRandom } from '#core/numeric/random';

const CONSTANTS: Readonly<Record<Exclude<TensorRole, 'kernel'>, number>> = {
  bias: 0,
  gamma: 1,
  beta: 0,
  mean: 0,
  variance: 1,
  alpha: 0.25,
};
const RECTIFIERS: ReadonlySet<ActivationFn> = new Set(['relu', 'leakyRelu', 'elu', 'swish', 'gelu']);

/** The same structure with fresh dense weights. Each tensor has a stream of its own, so cutting one layer leaves the others' draws alone. */
export function freshWeights(model: Model, seed: number): Model {
  const tensors: Record<string, Tensor> = {};
  const layers = model.layers.map((layer): Layer => {
    const ids: Partial<Record<TensorRole, string>> = {};
    for (const [role, id] of tensorsOf(layer)) {
      const { shape } = model.tensors[id] as Tensor;
      const data = new Float32Array(sizeOf(shape));
      if (role === 'kernel') {
        const limit = kernelLimit(model, layer, shape);
        const random = seededRandom(derivedSeed(seed, `${layer.name}/${role}`));
        for (let i = 0; i < data.length; i++) data[i] = (2 * random() - 1) * limit;
      } else {
        data.fill(CONSTANTS[role]);
      }
      const tensor = makeTensor(shape, data);
      tensors[tensor.id] = tensor;
      ids[role] = tensor.id;
    }
    return { ...layer, ...ids } as Layer;
  });
  // Ranges of activations were those of the old weights.
  return withActivationGrids(replaceLayers(model, layers, tensors), {});
}

function kernelLimit(model: Model, layer: Layer, shape: readonly number[]): number {
  const area = sizeOf(shape.slice(0, -2));
  const [inner, outer] = shape.slice(-2) as [number, number];
  const fanIn = layer.kind === 'depthwiseConv2d' ? area : area * inner;
  return Math.sqrt(meetsRectifier(model, layer) ? 6 / fanIn : 6 / (fanIn + area * outer));
}

/** Whether a layer's output meets a rectifier: its own, or the one behind batch normalisation, an add and dropout. */
function meetsRectifier(model: Model, layer: Layer): boolean {
  if (layer.kind === 'prelu') return true;
  if ('activation' in layer && layer.activation.fn !== 'linear') return RECTIFIERS.has(layer.activation.fn);
  const next = model.layers.find((other) => other.inputs.includes(layer.name));
  const passes = next && ['batchNorm', 'add', 'dropout', 'activation', 'prelu'].includes(next.kind);
  return passes ? meetsRectifier(model, next) : false;
}
