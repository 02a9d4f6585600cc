/**
 * An ensemble as one model, where its way of combining is arithmetic that a graph can hold: means of logits or of
 * probabilities, alike or weighted. So it can be written to a file that any reader of that format runs. Votes, cascades
 * and second levels cannot be; their members are written one by one.
 */
import { ensembleById } from '#core/ensembles/index';
import { layerOf, replaceLayers, withActivationGrids } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { InputLayer, Layer } from '#core/model/layers';
import { withoutSoftmax } from '#core/model/logits';
import type { Model, Tensor } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { clampValues } from '#core/params';
import type { EnsemblePredictor } from '#core/predictor';

/** Ways whose answer is the weighted mean of members' probabilities. */
const MEANS: ReadonlySet<string> = new Set([
  'mean-probabilities',
  'soft-vote',
  'accuracy-weights',
  'learned-weights',
  'hand-weights',
]);
const SOFTMAX = { fn: 'softmax' } as const;

/** One model with the ensemble's answers, or null where there is none. */
export function asOneModel(ensemble: EnsemblePredictor, name: string): Model | null {
  const ofLogits = ensemble.way === 'mean-logits';
  if (!ofLogits && !MEANS.has(ensemble.way)) return null;
  const way = ensembleById(ensemble.way);
  const all = way.weights?.(ensemble.members.length, clampValues(way.params, ensemble.values), ensemble.state) ?? [];
  const models: Model[] = [];
  const weights: number[] = [];
  for (const [m, member] of ensemble.members.entries()) {
    // A member of weight 0 has no part in the answer.
    if (all[m] === 0) continue;
    const model = member.kind === 'model' ? withoutSoftmax(member.model).model : null;
    if (model?.layout !== 'nhwc' || model.inputs.length !== 1 || !givesLogits(model)) return null;
    models.push(model);
    weights.push(all[m] as number);
  }
  const first = models[0] as Model;
  const shape = inputOf(first).shape;
  if (models.some((model) => String(inputOf(model).shape) !== String(shape))) return null;
  const input: Layer = { ...inputOf(first), name: 'input' };
  const layers: Layer[] = [input];
  const tensors: Record<string, Tensor> = {};
  const grids: Record<string, GridValues> = {};
  const ends: string[] = [];
  for (const [m, model] of models.entries()) {
    const called = (own: string): string => (own === model.inputs[0] ? input.name : `member_${m + 1}_${own}`);
    for (const layer of model.layers)
      if (layer.kind !== 'input') layers.push({ ...layer, name: called(layer.name), inputs: layer.inputs.map(called) });
    Object.assign(tensors, model.tensors);
    for (const [own, grid] of Object.entries(model.activationGrids ?? {})) {
      // Images that one member rounds are not rounded for the others.
      if (own === model.inputs[0] && models.length > 1) return null;
      grids[called(own)] = grid;
    }
    let end = called(model.outputs[0] as string);
    const follow = (layer: Layer): void => {
      layers.push(layer);
      end = layer.name;
    };
    if (!ofLogits)
      follow({ kind: 'activation', name: `member_${m + 1}_probabilities`, inputs: [end], activation: SOFTMAX });
    if (!isAlike(weights))
      follow({
        kind: 'rescale',
        name: `member_${m + 1}_weighted`,
        inputs: [end],
        scale: weights[m] as number,
        offset: 0,
      });
    ends.push(end);
  }
  let output = ends[0] as string;
  if (ends.length > 1) {
    output = 'mean';
    layers.push({ kind: isAlike(weights) ? 'average' : 'add', name: output, inputs: ends });
  }
  if (ofLogits) {
    layers.push({ kind: 'activation', name: 'probabilities', inputs: [output], activation: SOFTMAX });
    output = 'probabilities';
  }
  const { activationGrids: _, ...plain } = first;
  const one = replaceLayers({ ...plain, name, inputs: [input.name], outputs: [output] }, layers, tensors);
  return withActivationGrids(one, grids);
}

const inputOf = (model: Model): InputLayer => layerOf(model, model.inputs[0] as string) as InputLayer;

const isAlike = (weights: readonly number[]): boolean =>
  weights.every((weight) => Math.abs(weight - 1 / weights.length) < 1e-9);

/** Whether the first output is a vector that no softmax or sigmoid has been through. */
function givesLogits(model: Model): boolean {
  const layer = layerOf(model, model.outputs[0] as string);
  if (!layer || shapesOf(model)[layer.name]?.length !== 1) return false;
  return !('activation' in layer) || (layer.activation.fn !== 'softmax' && layer.activation.fn !== 'sigmoid');
}
