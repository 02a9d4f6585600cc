/**
 * Some of our layers need two in Keras: a convolution with a leaky ReLU, one with explicit pads, a global pooling that
 * keeps its axes. The writer names the helpers it added (`joins`); here they go back into the layer they belong to.
 */
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';

export function joinLayers(model: Model, names: readonly string[]): Model {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  for (const name of names) {
    const helper = layers.get(name);
    if (!helper) continue;
    const readers = [...layers.values()].filter(({ inputs }) => inputs.includes(name));
    const [source] = helper.inputs;
    const before = source === undefined ? undefined : layers.get(source);
    const after = readers.length === 1 ? readers[0] : undefined;
    if (
      helper.kind === 'zeroPad2d' &&
      after &&
      (after.kind === 'conv2d' || after.kind === 'depthwiseConv2d') &&
      after.padding === 'valid' &&
      !model.outputs.includes(name)
    ) {
      layers.set(after.name, { ...after, padding: helper.pads, inputs: helper.inputs });
      layers.delete(name);
      continue;
    }
    const only = [...layers.values()].filter(({ inputs }) => inputs.includes(before?.name ?? '')).length === 1;
    if (!before || !only || model.outputs.includes(before.name)) continue;
    const joined = joinedBefore(before, helper);
    if (!joined) continue;
    // The helper carries the name that others read; the layer keeps its own.
    layers.delete(name);
    layers.set(before.name, joined);
    for (const reader of readers)
      layers.set(reader.name, {
        ...reader,
        inputs: reader.inputs.map((input) => (input === name ? before.name : input)),
      } as Layer);
    if (model.outputs.includes(name))
      model = { ...model, outputs: model.outputs.map((output) => (output === name ? before.name : output)) };
  }
  return { ...model, layers: [...layers.values()] };
}

/** The layer with the helper behind it taken in; null where they do not belong together. */
function joinedBefore(before: Layer, helper: Layer): Layer | null {
  if (
    helper.kind === 'activation' &&
    (before.kind === 'conv2d' || before.kind === 'depthwiseConv2d' || before.kind === 'dense')
  ) {
    return before.activation.fn === 'linear' ? { ...before, activation: helper.activation } : null;
  }
  if (helper.kind === 'reshape' && (before.kind === 'globalAveragePool2d' || before.kind === 'globalMaxPool2d')) {
    return before.keepDims ? null : { ...before, keepDims: true };
  }
  return null;
}
