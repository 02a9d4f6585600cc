/**
 * Which weights a pass that works on single weights acts on: the kernels of the layers named. Biases and batch
 * normalisation are never among them.
 */
import { layerOf, prunableTensors } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import type { LayersParam } from '#core/params';
import { PassError } from '#core/pass';

/** A prunable tensor with the layer that holds it. */
export interface Selected {
  readonly layer: Layer;
  readonly tensor: Tensor;
}

export const LAYERS: LayersParam = {
  kind: 'layers',
  default: [],
  label: { en: 'Layers', zh: '作用的层' },
  help: {
    en: 'Which layers to change. None chosen means every layer with weights.',
    zh: '选择要修改的层。不选表示所有带权重的层。',
  },
};

/**
 * The kernels of the named layers (of all layers where `names` is empty), in the model's order. Layers that hold equal
 * tensors are two entries, as they are in a file.
 * Throws PassError for a name that the model does not have, where nothing is left to act on, and for NaN or infinite weights.
 */
export function selectPrunable(model: Model, names: readonly string[]): readonly Selected[] {
  checkNames(model, names);
  const selected = prunableTensors(model, names);
  if (selected.length === 0) {
    throw new PassError({
      en: 'None of these layers has weights to change: choose a convolution or a dense layer.',
      zh: '所选的层没有可修改的权重：请选择卷积层或全连接层。',
    });
  }
  for (const { layer, tensor } of selected) checkFinite(layer.name, tensor.data);
  return selected;
}

/** Throws PassError for names that no layer of the model has. */
export function checkNames(model: Model, names: readonly string[]): void {
  const missing = names.filter((name) => !layerOf(model, name));
  if (missing.length === 0) return;
  const list = missing.map((name) => `"${name}"`).join(', ');
  throw new PassError({ en: `The model has no layer named ${list}.`, zh: `模型中没有名为 ${list} 的层。` });
}

/** The layers that the model's first output depends on: what runs when images are shown to it. */
export function layersThatRun(model: Model): ReadonlySet<string> {
  const needed = new Set(model.outputs.slice(0, 1));
  for (const { name, inputs } of model.layers.toReversed())
    if (needed.has(name)) for (const input of inputs) needed.add(input);
  return needed;
}

/** As `selectPrunable`, of the layers that run; the others stay as they are. Throws PassError where none of those named runs. */
export function selectRunning(model: Model, names: readonly string[]): readonly Selected[] {
  const runs = layersThatRun(model);
  const selected = selectPrunable(model, names).filter(({ layer }) => runs.has(layer.name));
  if (selected.length > 0) return selected;
  throw new PassError({
    en: 'None of these layers leads to the first output of the model, so images say nothing about them.',
    zh: '所选的层都不通向模型的第一个输出，因此图片无法说明它们的重要性。',
  });
}

function checkFinite(name: string, data: Float32Array): void {
  let bad = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i] as number)) bad++;
  if (bad === 0) return;
  throw new PassError({
    en: `${name} has ${bad} weights that are not finite numbers. Train the model again from its start, with a lower learning rate.`,
    zh: `${name} 有 ${bad} 个权重不是有限的数。请用更低的学习率从头重新训练模型。`,
  });
}
