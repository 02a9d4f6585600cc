/** Of the steps of a recipe: in which state each stands, which layers it may name, and whether a run of them can begin. */
import { passById } from '#core/passes/index';
import { type Line, missingModels, type Run } from '#stores/lineage';
import type { Draft, ModelNode, RecipesState } from '#stores/state';
import { lacksImages, layersToChoose } from '#ui/optimize/method-facts.ts';
import type { StepOutcome } from '#worker/protocol';

/** The state in which a step stands, and what is known of what it gave. */
export function standing(
  at: number,
  off: boolean,
  kept: number,
  line: Line,
  { running, fault }: Pick<RecipesState, 'running' | 'fault'>,
): {
  readonly state: 'done' | 'off' | 'waiting' | 'running' | 'failed' | 'unknown';
  readonly outcome: StepOutcome | null;
} {
  const fresh = running?.outcomes.find(({ step }) => step === at) ?? null;
  const known = at < kept ? (line.steps[at]?.outcome ?? null) : null;
  if (off) return { state: 'off', outcome: null };
  if (fresh) return { state: 'done', outcome: fresh };
  if (running?.step === at) return { state: 'running', outcome: null };
  if (running && at > running.step) return { state: 'waiting', outcome: null };
  if (fault?.step === at) return { state: 'failed', outcome: known };
  if (at >= kept) return { state: 'waiting', outcome: null };
  return known ? { state: 'done', outcome: known } : { state: 'unknown', outcome: null };
}

/** Layers that a step may name: of the last model known before it, and those that it names already. */
export function layersBefore(at: number, start: ModelNode, line: Line, named: unknown): readonly string[] {
  const known = line.steps.slice(0, at).findLast(({ node }) => node)?.node ?? start;
  const own_ = layersToChoose(known.summary);
  const more = Array.isArray(named) ? named.filter((name): name is string => !own_.includes(name)) : [];
  return [...own_, ...more];
}

/** Whether a run has steps, and each of them all that it needs. */
export function isReady(nodes: Readonly<Record<string, ModelNode>>, draft: Draft, run: Run | null): boolean {
  const runs = draft.steps.slice(run?.from ?? 0).filter(({ step }) => !step.off);
  return (
    run !== null &&
    runs.length > 0 &&
    runs.every(({ step }) => {
      const pass = passById(step.pass);
      return pass && !lacksImages(pass, run.node) && missingModels(nodes, step).length === 0;
    })
  );
}
