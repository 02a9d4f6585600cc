/** How long there was training on the way to a model, by this computer's clock. */
import { PASSES } from '#core/passes/index';
import { trains } from '#core/recipe';
import type { ModelNode } from '#stores/state';

type Nodes = Readonly<Record<string, ModelNode>>;

/** Seconds of all models that were trained on the way to this one, itself and its members too; null where none was. */
export function trainingSeconds(nodes: Nodes, node: ModelNode): number | null {
  const counted = new Set<string>();
  const visited = new Set<string>();
  const sum = (one: ModelNode | undefined): number => {
    if (!one || visited.has(one.id)) return 0;
    visited.add(one.id);
    const { origin: from, parent } = one;
    const before = [...('parents' in from ? from.parents : []), ...(parent === null ? [] : [parent])];
    return own(one, counted) + before.reduce((seconds, id) => seconds + sum(nodes[id]), 0);
  };
  return sum(node) || null;
}

/** Members that were made together tell the seconds of all of them: they count once. */
function own({ origin }: ModelNode, counted: Set<string>): number {
  switch (origin.kind) {
    case 'template':
    case 'opened':
    case 'combined':
      return 0;
    case 'recipe':
      return trains(origin.recipe, PASSES) ? origin.seconds : 0;
    case 'trained':
    case 'trees':
      return origin.seconds;
    case 'made': {
      const { making, values, seed, parents, seconds } = origin;
      const key = JSON.stringify([making, values, seed, parents, seconds]);
      if (counted.has(key)) return 0;
      counted.add(key);
      return seconds;
    }
    default:
      throw origin satisfies never;
  }
}
