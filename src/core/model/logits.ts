/**
 * Taking off the last softmax. Losses, distillation and the engine work on logits, which are what precedes it; files
 * and people want probabilities, so models carry it.
 */
import { layerOf, replaceLayers, withActivationGrids } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { type Shape, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';

/**
 * The model whose first output are logits, and whether there was a softmax to take off. It is found behind layers that
 * change nothing (flatten, reshape, dropout). Fused into another layer it becomes linear, alone it becomes a linear
 * activation, so names stay. A softmax that something else reads, or one over each pixel of an image, stays.
 */
export function withoutSoftmax(model: Model): { readonly model: Model; readonly had: boolean } {
  let layer = layerOf(model, model.outputs[0] ?? '');
  const isAlone = (name: string): boolean =>
    model.layers.filter((reader) => reader.inputs.includes(name)).length <= (name === model.outputs[0] ? 0 : 1);
  while (
    layer &&
    (layer.kind === 'flatten' || layer.kind === 'reshape' || layer.kind === 'dropout') &&
    isAlone(layer.name)
  ) {
    layer = layerOf(model, layer.inputs[0] ?? '');
  }
  if (
    !layer ||
    !('activation' in layer) ||
    layer.activation.fn !== 'softmax' ||
    !isAlone(layer.name) ||
    model.outputs.indexOf(layer.name, 1) > 0
  )
    return { model, had: false };
  const shape = shapesOf(model)[layer.name] as Shape;
  if (sizeOf(shape) !== shape[shape.length - 1]) return { model, had: false };
  const linear: Layer = { ...layer, activation: { fn: 'linear' } };
  const logits = replaceLayers(
    model,
    model.layers.map((candidate) => (candidate === layer ? linear : candidate)),
  );
  if (!model.activationGrids?.[layer.name]) return { model: logits, had: true };
  // A grid for probabilities is none for logits.
  const { [layer.name]: _, ...others } = model.activationGrids;
  return { model: withActivationGrids(logits, others), had: true };
}
