/**
 * A model's whole recipe: the steps that made it and its ancestors, joined, from the last one that was trained, opened or
 * made new. Each step has a seed of its own, so that it runs the same wherever it stands; and what a run from some step on
 * would start with.
 */
import type { Param, Values } from '#core/params';
import { passById } from '#core/passes/index';
import { type Recipe, type RecipeStep, seedOf } from '#core/recipe';
import type { Draft, DraftStep, ModelNode } from '#stores/state';
import type { ModelId, StepOutcome } from '#worker/protocol';

/** Stands for the recipe's start where a step names another model: recipes are carried from one project to another. */
export const START = 'start';

export interface LineStep {
  readonly step: DraftStep['step'];
  /** What it achieved; null where it is switched off, and in projects of earlier versions. */
  readonly outcome: StepOutcome | null;
  /** The node that holds the model after it; null inside a recipe of several steps. */
  readonly node: ModelNode | null;
  /** The model after it; null where it was not kept. */
  readonly model: ModelId | null;
}
export interface Line {
  readonly start: ModelNode;
  readonly steps: readonly LineStep[];
}

type Nodes = Readonly<Record<string, ModelNode>>;

/** The line that ends in node `id`, or null where there is no such node. */
export function lineOf(nodes: Nodes, id: string): Line | null {
  const made: ModelNode[] = [];
  let start = nodes[id];
  while (start?.origin.kind === 'recipe' && start.parent !== null && nodes[start.parent] && !made.includes(start)) {
    made.unshift(start);
    start = nodes[start.parent];
  }
  if (!start) return null;
  const { id: startId } = start;
  const steps = made.flatMap((node): LineStep[] => {
    if (node.origin.kind !== 'recipe') return [];
    const { recipe, reports = [] } = node.origin;
    return recipe.steps.map((step, at) => {
      const outcome = reports.find((report) => report.step === at) ?? null;
      const isLast = at === recipe.steps.length - 1;
      return {
        step: renamed({ ...step, seed: seedOf(recipe, at, step) }, (name) => (name === startId ? START : name)),
        outcome,
        node: isLast ? node : null,
        model: isLast ? node.model : (outcome?.model ?? null),
      };
    });
  });
  return { start, steps };
}

/** The line as a draft, nothing changed. */
export function draftOf(line: Line): Draft {
  return { start: line.start.id, steps: line.steps.map(({ step }, at) => ({ id: `step-${at}`, step })) };
}

/** How many of a draft's first steps are as they were: what they gave is known. */
export function keptSteps(line: Line, draft: Draft): number {
  if (draft.start !== line.start.id) return 0;
  const differs = draft.steps.findIndex(({ step }, at) => !sameStep(step, line.steps[at]?.step));
  return differs < 0 ? draft.steps.length : differs;
}

/** Whether a draft is the line itself. */
export function isUnchanged(line: Line, draft: Draft): boolean {
  return isSameDraft(draftOf(line), draft);
}

/** Whether two drafts would do the same. */
export function isSameDraft(a: Draft, b: Draft): boolean {
  const isSame = a.start === b.start && a.steps.length === b.steps.length;
  return isSame && a.steps.every(({ step }, at) => sameStep(step, b.steps[at]?.step));
}

function sameStep(a: RecipeStep, b: RecipeStep | undefined): boolean {
  if (!b || a.pass !== b.pass || a.seed !== b.seed || Boolean(a.off) !== Boolean(b.off)) return false;
  const keys = new Set([...Object.keys(a.values), ...Object.keys(b.values)]);
  return [...keys].every((key) => JSON.stringify(a.values[key]) === JSON.stringify(b.values[key]));
}

export interface Run {
  /** The node that the new model will come from, and how many steps led to it. */
  readonly node: ModelNode;
  readonly at: number;
  /** The first step that runs, and the model that it is given. */
  readonly from: number;
  readonly model: ModelId;
  /** Of the steps between the node and the first one that runs. */
  readonly known: readonly StepOutcome[];
}

/** Where a run of the draft from step `wanted` on begins: at the last model on the way there that is known. */
export function runOf(nodes: Nodes, line: Line, draft: Draft, wanted: number): Run | null {
  const start = nodes[draft.start];
  if (!start) return null;
  const kept = line.steps.slice(0, Math.min(wanted, keptSteps(line, draft)));
  const from = kept.findLastIndex(({ model }) => model !== null) + 1;
  const at = kept.slice(0, from).findLastIndex(({ node }) => node !== null) + 1;
  return {
    node: kept[at - 1]?.node ?? start,
    at,
    from,
    model: kept[from - 1]?.model ?? start.model,
    known: kept.slice(at, from).flatMap(({ outcome }, index) => (outcome ? [{ ...outcome, step: at + index }] : [])),
  };
}

/** The draft as a recipe that can leave this project. */
export function recipeOf({ steps }: Draft): Recipe {
  return { version: 1, seed: 1, steps: steps.map(({ step }) => step) };
}

/** The draft as it runs here: its start has its name. */
export function runnable(draft: Draft): Recipe {
  const recipe = recipeOf(draft);
  return {
    ...recipe,
    steps: recipe.steps.map((step) => renamed(step, (name) => (name === START ? draft.start : name))),
  };
}

/** The models that a step names and that are not in the project. */
export function missingModels(nodes: Nodes, step: RecipeStep): readonly string[] {
  return predictorKeys(step).filter((key) => {
    const name = step.values[key];
    return typeof name === 'string' && name !== '' && name !== START && !nodes[name];
  });
}

function predictorKeys({ pass }: RecipeStep): readonly string[] {
  const params = (passById(pass)?.params ?? {}) as Readonly<Record<string, Param>>;
  return Object.keys(params).filter((key) => params[key]?.kind === 'predictor');
}

function renamed<S extends RecipeStep>(step: S, rename: (name: string) => string): S {
  const values: Record<string, Values[string]> = { ...step.values };
  for (const key of predictorKeys(step)) {
    const name = values[key];
    if (typeof name === 'string') values[key] = rename(name);
  }
  return { ...step, values };
}
