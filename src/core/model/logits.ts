/**
 * Taking off the last softmax. Losses, distillation and the engine work on logits, which are what precedes it; files
 * and people want probabilities, so models carry it.
 */
import { replaceLayers } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';

/**
 * The model whose first output are logits, and whether there was a softmax to take off. A softmax that is fused into
 * a dense or convolution layer becomes linear; one that is a layer of its own is dropped where nothing else reads it.
 */
export function withoutSoftmax(model: Model): { readonly model: Model; readonly had: boolean } {
  const name = model.outputs[0];
  const layer = model.layers.find((candidate) => candidate.name === name);
  if (!layer || !('activation' in layer) || layer.activation.fn !== 'softmax') return { model, had: false };
  if (model.layers.some((reader) => reader.inputs.includes(layer.name)) || model.outputs.indexOf(layer.name, 1) > 0) return { model, had: false };
  if (layer.kind === 'activation') {
    const before = layer.inputs[0] as string;
    const layers = model.layers.filter((candidate) => candidate !== layer);
    return { model: replaceLayers(model, layers, model.tensors, { outputs: [before, ...model.outputs.slice(1)] }), had: true };
  }
  const linear: Layer = { ...layer, activation: { fn: 'linear' } };
  return { model: replaceLayers(model, model.layers.map((candidate) => (candidate === layer ? linear : candidate))), had: true };
}
