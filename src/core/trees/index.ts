/**
 * The ways to grow trees, in the order of the menu. Adding one is a file beside this one and a line here.
 */
import { decisionTree } from '#core/trees/decision-tree';
import { gradientBoosting } from '#core/trees/gradient-boosting';
import type { TreeMethod } from '#core/trees/method';
import { randomForest } from '#core/trees/random-forest';

export const TREE_METHODS: readonly TreeMethod[] = [decisionTree, randomForest, gradientBoosting];

/** Throws Error for an id that no way has. */
export function treeMethodById(id: string): TreeMethod {
  const method = TREE_METHODS.find((one) => one.id === id);
  if (!method) throw new Error(`no way of growing trees is called "${id}"`);
  return method;
}
