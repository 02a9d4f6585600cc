/** What the page knows of an ensemble or of trees: totals over the models that are in them, and of each member its part. */
import { ensembleById } from '#core/ensembles/index';
import { countDistinct, kernelsOf } from '#core/metrics/size';
import { reachOf, totalsOf } from '#core/metrics/totals';
import { shapesOf } from '#core/model/shapes';
import { clampValues } from '#core/params';
import { type EnsemblePredictor, modelsOf, type Predictor, type Tree, type TreesPredictor } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import { WriteError } from '#formats/format';
import { graphOf, writePredictor } from '#formats/predictors';
import type { ModelSummary } from '#worker/protocol';
import type { MemberSummary, TreesSummary } from '#worker/protocol-ensembles';
import { summaryOf, writtenBytes } from '#worker/summary';

/** `members`: what an ensemble's members are called, in order. */
export async function summaryOfPredictor(
  predictor: Predictor,
  name: string,
  members: readonly string[] = [],
): Promise<ModelSummary> {
  if (predictor.kind === 'model') return summaryOf({ ...predictor.model, name });
  const models = modelsOf(predictor);
  const { parameters, nonZero, macs, comparisons } = totalsOf(predictor);
  const classes = models[0]?.meta.classes;
  const graph = graphOf(predictor, name);
  return {
    id: predictorId(predictor),
    kind: predictor.kind,
    ...(predictor.kind === 'ensemble'
      ? {
          ensemble: {
            way: predictor.way,
            values: predictor.values,
            members: membersOf(predictor, members),
            oneGraph: graph !== null,
          },
        }
      : { trees: treesOf(predictor, comparisons) }),
    name,
    meta: { source: predictor.kind, ...(classes ? { classes } : {}) },
    ...borders(predictor),
    parameters,
    nonZero,
    distinct: countDistinct(models.flatMap(kernelsOf)),
    macs,
    bytes: graph ? await writtenBytes(graph) : await bytesOf(predictor, name),
    layers: [],
  };
}

/** How much each member counts, summing to 1; null where the way has no such numbers. */
export function weightsOf({ way: id, values, members, state }: EnsemblePredictor): readonly (number | null)[] {
  const way = ensembleById(id);
  return way.weights?.(members.length, clampValues(way.params, values), state) ?? members.map(() => null);
}

function membersOf(ensemble: EnsemblePredictor, names: readonly string[]): readonly MemberSummary[] {
  const [weights, used] = [weightsOf(ensemble), reachOf(ensemble)];
  return ensemble.members.map((member, m) => ({
    id: predictorId(member),
    name: names[m] ?? '',
    weight: weights[m] ?? null,
    used: used[m] as number,
  }));
}

function treesOf({ features, forest }: TreesPredictor, comparisons: number): TreesSummary {
  const boosted = forest.kind === 'sum';
  return {
    method: boosted ? 'gradient-boosting' : forest.trees.length === 1 ? 'decision-tree' : 'random-forest',
    trees: forest.trees.length,
    depth: forest.trees.reduce((most, tree) => Math.max(most, depthOf(tree)), 0),
    comparisons,
    features:
      features.kind === 'pixels'
        ? 'pixels'
        : {
            model: predictorId({ kind: 'model', model: features.model }),
            name: features.model.name,
            layer: features.layer,
          },
  };
}

function depthOf({ feature, left, right }: Tree): number {
  const depth = (node: number): number =>
    (feature[node] ?? -1) < 0 ? 0 : 1 + Math.max(depth(left[node] as number), depth(right[node] as number));
  return depth(0);
}

/** What goes in and how many classes come out: the same for everything that is in it. */
function borders(predictor: Predictor): Pick<ModelSummary, 'inputShape' | 'classes'> {
  switch (predictor.kind) {
    case 'model': {
      const { model } = predictor;
      const shapes = shapesOf(model);
      const output = shapes[model.outputs[0] ?? ''] ?? [];
      return { inputShape: shapes[model.inputs[0] ?? ''] ?? [], classes: output.reduce((all, size) => all * size, 1) };
    }
    case 'trees':
      return { inputShape: predictor.shape, classes: predictor.classes };
    case 'ensemble':
      return borders(predictor.members[0] as Predictor);
    default:
      throw predictor satisfies never;
  }
}

/** Of the zip of what is in it, as TensorFlow.js reads it; where that cannot be written, of its models' own files. */
async function bytesOf(predictor: EnsemblePredictor | TreesPredictor, name: string): Promise<number> {
  try {
    const { bundle } = await writePredictor(predictor, name, 'tfjs-layers', { unsupportedGrids: 'float' });
    return [...bundle.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    let bytes = 0;
    for (const model of modelsOf(predictor)) bytes += await writtenBytes(model);
    return bytes;
  }
}
