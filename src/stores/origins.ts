/**
 * How a node's predictor was made, from untrained models on: what the engine needs to make it anew on other images. Of
 * opened files, trees and members that were made to go together it cannot be said.
 */
import type { Param } from '#core/params';
import { passById } from '#core/passes/index';
import type { RecipeStep } from '#core/recipe';
import type { ModelNode } from '#stores/state';
import type { Origin, OriginStep } from '#worker/protocol-ensembles';

type Nodes = Readonly<Record<string, ModelNode>>;

/** Null where nobody knows, or where the node is not there. */
export function originOf(nodes: Nodes, id: string): Origin | null {
  const node = nodes[id];
  if (!node) return null;
  const { origin, parent } = node;
  switch (origin.kind) {
    case 'template':
      return { kind: 'model', start: node.model, steps: [] };
    case 'trained':
      return after(nodes, parent, { kind: 'trained', settings: origin.settings });
    case 'recipe': {
      const named = origin.recipe.steps.flatMap(nodesNamed).filter((name) => nodes[name]);
      const teachers = Object.fromEntries([...new Set(named)].map((name) => [name, originOf(nodes, name)]));
      return after(nodes, parent, { kind: 'recipe', recipe: origin.recipe, teachers });
    }
    case 'combined': {
      // What making them gave to the ensemble (weights, groups) was learned from all images.
      if (origin.making !== undefined) return null;
      const members = origin.parents.map((member) => originOf(nodes, member));
      const { way, values } = origin;
      return members.every((member) => member !== null) ? { kind: 'combined', way, values, members } : null;
    }
    case 'opened':
    case 'made':
    case 'trees':
      return null;
    default:
      throw origin satisfies never;
  }
}

/** Whether a node goes back to a file that was opened. */
export function isFromFile(nodes: Nodes, id: string): boolean {
  const node = nodes[id];
  if (node?.origin.kind === 'opened') return true;
  return node !== undefined && node.parent !== null && isFromFile(nodes, node.parent);
}

function after(nodes: Nodes, parent: string | null, step: OriginStep): Origin | null {
  const before = parent === null ? null : originOf(nodes, parent);
  return before?.kind === 'model' ? { ...before, steps: [...before.steps, step] } : null;
}

/** The nodes that a step's predictor parameters name. */
function nodesNamed({ pass, values }: RecipeStep): readonly string[] {
  const params = (passById(pass)?.params ?? {}) as Readonly<Record<string, Param>>;
  return Object.keys(params).flatMap((key) => {
    const name = values[key];
    return params[key]?.kind === 'predictor' && typeof name === 'string' && name !== '' ? [name] : [];
  });
}
