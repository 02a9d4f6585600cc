/**
 * The head of a classifier: the chain of dense layers at its end, with what stands between them (activations, normalisation, dropout), and
 * a fresh kernel for a layer that takes their place.
 */
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor, sizeOf } from '#core/model/tensor';

export interface Tail {
  /** In order; the last gives the classes. Empty where the chain does not lead to the model's first output. */
  readonly dense: readonly DenseLayer[];
  /** Names of all layers from the one after `from` up to the last dense one. */
  readonly layers: readonly string[];
}

const BETWEEN: ReadonlySet<Layer['kind']> = new Set([
  'dense',
  'activation',
  'prelu',
  'batchNorm',
  'dropout',
  'flatten',
]);

/** The chain behind the layer `from`: each layer read by the next alone, up to the model's first output. */
export function denseTail(model: Model, from: string): Tail {
  const chain: Layer[] = [];
  for (let at = from; at !== model.outputs[0]; ) {
    const readers = model.layers.filter(({ inputs }) => inputs.includes(at));
    const next = readers[0];
    if (!next || readers.length > 1 || !BETWEEN.has(next.kind) || model.outputs.includes(at)) return NONE;
    chain.push(next);
    at = next.name;
  }
  const end = chain.findLastIndex(({ kind }) => kind === 'dense');
  const layers = chain.slice(0, end + 1);
  return {
    dense: layers.filter((layer): layer is DenseLayer => layer.kind === 'dense'),
    layers: layers.map(({ name }) => name),
  };
}

const NONE: Tail = { dense: [], layers: [] };

/** The kernel [in, out] of a layer in front of a softmax: uniform, as Glorot and Bengio 2010 start it. */
export function freshKernel(shape: readonly [number, number], random: () => number): Tensor {
  const limit = Math.sqrt(6 / (shape[0] + shape[1]));
  return makeTensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => (2 * random() - 1) * limit),
  );
}
