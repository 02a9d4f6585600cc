/**
 * Making a network whole again after a layer was left out that changed the shape: what follows gets weights of the shapes that it needs now, all zero, to be
 * started afresh. Where that cannot be done (images that no longer fit, adds of unequal shapes), there is no such network.
 */
import { replaceLayers } from '#core/model/edit';
import { type Layer, type TensorRole, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { outputShape, type Shape, ShapeError } from '#core/model/shapes';
import { filledTensor } from '#core/model/tensor';

/** The model with every kernel, bias and normalisation as its input asks for; the answers keep their number. Null where it cannot be. */
export function refitted(model: Model): Model | null {
  const shapes = new Map<string, Shape>();
  const tensors: Record<string, Tensor> = { ...model.tensors };
  const layers: Layer[] = [];
  try {
    for (const layer of model.layers) {
      const inputs = layer.inputs.map((name) => shapes.get(name) as Shape);
      const fit = fitted(layer, inputs[0]?.at(-1) ?? 0, tensors);
      layers.push(fit);
      shapes.set(
        layer.name,
        outputShape(fit, inputs, (id) => tensors[id]?.shape),
      );
    }
  } catch (error) {
    if (error instanceof ShapeError) return null;
    throw error;
  }
  return replaceLayers(model, layers, tensors);
}

/** The layer with tensors for so many input channels; new ones join the table. */
function fitted(layer: Layer, channels: number, tensors: Record<string, Tensor>): Layer {
  const ids: Partial<Record<TensorRole, string>> = {};
  for (const [role, id] of tensorsOf(layer)) {
    const { shape } = tensors[id] as Tensor;
    const wanted = shapeFor(layer, role, shape, channels);
    if (wanted.every((extent, axis) => extent === shape[axis])) continue;
    const tensor = filledTensor(wanted, 0);
    tensors[tensor.id] = tensor;
    ids[role] = tensor.id;
  }
  return { ...layer, ...ids } as Layer;
}

function shapeFor(layer: Layer, role: TensorRole, shape: Shape, channels: number): Shape {
  if (layer.kind === 'depthwiseConv2d')
    return role === 'kernel' ? [...shape.slice(0, 2), channels, ...shape.slice(3)] : [channels];
  if ('kernel' in layer) return role === 'kernel' ? [...shape.slice(0, -2), channels, shape.at(-1) as number] : shape;
  return [...shape.slice(0, -1), channels];
}
