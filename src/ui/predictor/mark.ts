/** The kind that gives a model its mark, wherever models are listed. */
import { passById } from '#core/passes/index';
import type { ModelNode } from '#stores/state';
import { MARKS, type MarkKind } from '#ui/kit/Mark.tsx';

/** Ensembles and trees are what they are wherever they come from; a recipe's model is of the kind of its last step. */
export function markOf({ origin, summary }: ModelNode): MarkKind {
  if (summary.ensemble) return 'combined';
  if (summary.trees) return 'trees';
  switch (origin.kind) {
    case 'template':
    case 'trained':
    case 'made':
      return 'training';
    case 'opened':
      return 'opened';
    case 'combined':
      return 'combined';
    case 'trees':
      return 'trees';
    case 'recipe': {
      const family = passById(origin.recipe.steps.findLast(({ off }) => !off)?.pass ?? '')?.family;
      return MARKS.find((kind) => kind === family) ?? 'other';
    }
    default:
      throw origin satisfies never;
  }
}
