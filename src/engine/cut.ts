/**
 * Where two models part: the last layer up to which they are the same, if everything after it reads nothing else from
 * before. What that layer gives is the same for both, so it need not be computed again for the changed one.
 */
import { withActivationGrids } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { logitsRule } from '#engine/plan/logits';

export interface Cut {
  /** From the images to what the last unchanged layer gives. */
  readonly before: Model;
  /** From there to the changed model's answers. */
  readonly after: Model;
}

/** Null where the first layers differ already, or nothing does. */
export function cutAtFirstChange(base: Model, changed: Model): Cut | null {
  const layers = reachable(changed);
  const own = new Map(base.layers.map((layer) => [layer.name, layer]));
  const grids = changed.activationGrids ?? {};
  const first = layers.findIndex(
    (layer) =>
      !isSame(layer, own.get(layer.name)) || !isSameGrid(grids[layer.name], base.activationGrids?.[layer.name]),
  );
  const shapes = shapesOf(changed);
  for (let at = first - 1; at > 0; at--) {
    const layer = layers[at] as Layer;
    const later = layers.slice(at + 1);
    const names = new Set([layer, ...later].map(({ name }) => name));
    if (!later.every(({ inputs }) => inputs.every((name) => names.has(name)))) continue;
    const before = withActivationGrids({ ...changed, layers: layers.slice(0, at + 1), outputs: [layer.name] }, grids);
    // Where it ends in what is taken for a classifier's output, a plan would give something else than the layer's values.
    const { replaced, logSigmoid, probabilities } = logitsRule(before, shapes);
    if (replaced.size > 0 || logSigmoid || probabilities) continue;
    const input: Layer = { kind: 'input', name: layer.name, inputs: [], shape: shapes[layer.name] ?? [] };
    // What the first part gives is rounded already.
    const { [layer.name]: _, ...laterGrids } = grids;
    const after = withActivationGrids({ ...changed, inputs: [layer.name], layers: [input, ...later] }, laterGrids);
    return { before, after };
  }
  return null;
}

/** The layers that the first output depends on, in order. */
function reachable(model: Model): readonly Layer[] {
  const wanted = new Set(model.outputs.slice(0, 1));
  for (const layer of model.layers.toReversed()) {
    if (wanted.has(layer.name)) for (const name of layer.inputs) wanted.add(name);
  }
  return model.layers.filter((layer) => wanted.has(layer.name));
}

/** The same settings and, by content id, the same weights. */
function isSame(a: Layer, b: Layer | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function isSameGrid(a: GridValues | undefined, b: GridValues | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
