/** Averaging the weights of models of one structure. */
import { replaceLayers } from '#core/model/edit';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';

/** Why two models cannot be averaged, or null: other layers, other shapes, or values that are no plain numbers. */
export function structureFault(first: Model, other: Model): Words | null {
  if (structureOf(first) !== structureOf(other)) {
    return {
      en: `${first.name} and ${other.name} do not have the same layers and shapes, so their weights cannot be averaged.`,
      zh: `${first.name} 与 ${other.name} 的层或形状不同，权重无法平均。`,
    };
  }
  const coded = [first, other].find((model) =>
    Object.values(model.tensors).some(({ encoding }) => encoding.values.kind !== 'dense'),
  );
  return coded
    ? {
        en: `${coded.name} holds quantized or shared weights, whose average would be neither. Average first, then quantize or share.`,
        zh: `${coded.name} 的权重已量化或共享，平均后将不再如此。请先平均，再量化或共享。`,
      }
    : null;
}

/** Each tensor is the mean of the models' ones, in float64; pruned everywhere stays pruned. All of one structure. */
export function averagedModel(models: readonly Model[]): Model {
  const first = models[0] as Model;
  const tensors: Record<string, Tensor> = {};
  const layers = first.layers.map((layer, at) => {
    const ids: Record<string, string> = {};
    for (const [role, id] of tensorsOf(layer)) {
      const all = models.map((model) => {
        const own = model.layers[at] as (typeof first.layers)[number];
        const [, other] = tensorsOf(own).find(([name]) => name === role) ?? [role, id];
        return model.tensors[other] as Tensor;
      });
      const mean = averaged(all);
      tensors[mean.id] = mean;
      ids[role] = mean.id;
    }
    return { ...layer, ...ids };
  });
  return replaceLayers(first, layers, tensors);
}

function averaged(all: readonly Tensor[]): Tensor {
  const { shape, data } = all[0] as Tensor;
  const mean = Float32Array.from(
    data,
    (_, i) => all.reduce((sum, one) => sum + (one.data[i] as number), 0) / all.length,
  );
  const masks = all.map(({ encoding }) => encoding.mask);
  if (masks.some((mask) => !mask)) return makeTensor(shape, mean);
  const mask = (masks[0] as Uint8Array).map((_, i) => (masks.some((own) => own?.[i]) ? 1 : 0));
  return makeTensor(shape, mean, { mask, values: { kind: 'dense' } });
}

function structureOf(model: Model): string {
  const layers = model.layers.map((layer) => {
    const shapes = tensorsOf(layer).map(([role, id]) => [role, model.tensors[id]?.shape] as const);
    return { ...layer, ...Object.fromEntries(shapes) };
  });
  return JSON.stringify([model.inputs, model.outputs, layers]);
}
