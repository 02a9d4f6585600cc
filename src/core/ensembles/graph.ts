/**
 * An ensemble as one model, where its way of combining is arithmetic that a graph can hold: means of logits or of
 * probabilities, alike or weighted, a second level over all probabilities, a chain of tasks. So it can be written to a
 * file that any reader of that format runs. Votes, cascades and routers decide for each image, which a graph cannot;
 * their members are written one by one (`formats/ensemble`).
 */
import { ruleOf } from '#core/ensembles/shared/graph-rules';
import { layerOf, replaceLayers, withActivationGrids } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { InputLayer, Layer } from '#core/model/layers';
import { withoutSoftmax } from '#core/model/logits';
import type { Model, Tensor } from '#core/model/model';
import { holdsProbabilities } from '#core/model/probabilities';
import { shapesOf } from '#core/model/shapes';
import type { EnsemblePredictor } from '#core/predictor';

/** One model with the ensemble's answers, or null where there is none. A model that is several members is in it once. */
export function asOneModel(ensemble: EnsemblePredictor, name: string): Model | null {
  const models: Model[] = [];
  for (const member of ensemble.members) {
    if (member.kind !== 'model') return null;
    models.push(member.model);
  }
  const classes = classesOf(models[0] as Model);
  const rule = classes === null ? null : ruleOf(ensemble, classes);
  if (classes === null || !rule) return null;
  const parts = models.map((model, m) => (rule.without.has(m) ? null : partOf(model)));
  const first = parts.find((part) => part !== null)?.model as Model;
  const shape = inputOf(first).shape;
  const input: Layer = { ...inputOf(first), name: 'input' };
  const layers: Layer[] = [input];
  const tensors: Record<string, Tensor> = {};
  const grids: Record<string, GridValues> = {};
  const isAlone = new Set(models.filter((_, m) => !rule.without.has(m))).size === 1;
  /** The end of each model that is in the graph already. */
  const ends = new Map<Model, string>();
  const members: { readonly end: string; readonly isProbabilities: boolean }[] = [];
  for (const [m, part] of parts.entries()) {
    if (!part) {
      members.push({ end: '', isProbabilities: true });
      continue;
    }
    const { model, isProbabilities } = part;
    const before = ends.get(models[m] as Model);
    if (model.layout !== 'nhwc' || model.inputs.length !== 1 || !part.isAnswer) return null;
    if (String(inputOf(model).shape) !== String(shape) || classesOf(model) !== classes) return null;
    if (isProbabilities && rule.needsLogits(m)) return null;
    const called = (own: string): string => (own === model.inputs[0] ? input.name : `member_${m + 1}_${own}`);
    const end = before ?? called(model.outputs[0] as string);
    members.push({ end, isProbabilities });
    if (before !== undefined) continue;
    ends.set(models[m] as Model, end);
    for (const layer of model.layers)
      if (layer.kind !== 'input') layers.push({ ...layer, name: called(layer.name), inputs: layer.inputs.map(called) });
    Object.assign(tensors, model.tensors);
    for (const [own, grid] of Object.entries(model.activationGrids ?? {})) {
      // Images that one member rounds are not rounded for the others.
      if (own === model.inputs[0] && !isAlone) return null;
      grids[called(own)] = grid;
    }
  }
  const output = rule.follow(members, {
    put(layer) {
      layers.push(layer);
      return layer.name;
    },
    hold(tensor) {
      tensors[tensor.id] = tensor;
      return tensor.id;
    },
  });
  const { activationGrids: _, ...plain } = first;
  const one = replaceLayers({ ...plain, name, inputs: [input.name], outputs: [output] }, layers, tensors);
  return withActivationGrids(one, grids);
}

const inputOf = (model: Model): InputLayer => layerOf(model, model.inputs[0] as string) as InputLayer;

/** How many numbers the first output has; null where it is no vector. */
function classesOf(model: Model): number | null {
  const shape = shapesOf(model)[model.outputs[0] as string];
  return shape?.length === 1 ? (shape[0] as number) : null;
}

/** A member as far as its logits, or as far as its probabilities where nothing stands before them. */
function partOf(whole: Model): {
  readonly model: Model;
  readonly isProbabilities: boolean;
  /** Of a sigmoid neither is known. */
  readonly isAnswer: boolean;
} {
  const { model } = withoutSoftmax(whole);
  const end = model.outputs[0] as string;
  const layer = layerOf(model, end);
  const isAnswer = layer !== undefined && !('activation' in layer && layer.activation.fn === 'sigmoid');
  return { model, isProbabilities: holdsProbabilities(model, end), isAnswer };
}
