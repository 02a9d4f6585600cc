/**
 * Running a recipe on a node's model and adding what it makes to the project: what Apply and the recipe's own run share.
 * When the engine dies in the middle the next one is asked to go on with it.
 */
import type { Param, Values, Words } from '#core/params';
import { PASSES, passById } from '#core/passes/index';
import { type Recipe, trains } from '#core/recipe';
import { nodeFits } from '#stores/datasets';
import { call, isLost, isWithoutData, mayGoOn } from '#stores/engine';
import { forgetApplying, keepApplying, leaveApplying } from '#stores/interrupted-applying';
import type { Run } from '#stores/lineage';
import { addNode, project, uniqueName } from '#stores/project';
import type { AskedApplication, ModelNode } from '#stores/state';
import { announce, telling } from '#stores/view';
import { FaultError } from '#worker/client';
import type { ApplyResult, Calls, Fault, ModelId } from '#worker/protocol';

const again: Words = {
  en: 'The engine or its device failed while this was being applied. It is being applied again.',
  zh: '应用过程中引擎或其设备出现故障，正在重新应用。',
};

export interface Application {
  /** As another visit would ask for it, and whether an earlier one did. */
  readonly asked: AskedApplication;
  readonly resume: boolean;
  readonly recipe: Recipe;
  readonly run: Run;
  readonly name: string;
  /** Node id -> model id, beside what `modelsNamed` finds. */
  readonly parents: Readonly<Record<string, ModelId>>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Calls['apply']['progress']) => void;
  /** The run begins anew. */
  readonly onAgain: () => void;
}

/** Engines that one run may outlive. */
const lives = 3;

/**
 * Runs it, adds the model as a child of the node, and selects it. Rejects as `call` does, and then nothing has changed; so
 * it does where one method gives the model that it was given: there is nothing to compare.
 */
export async function runApplication(wanted: Application): Promise<{ made: ModelNode; result: ApplyResult }> {
  const { recipe, parents, signal } = wanted;
  const { node, at, from, model, known } = wanted.run;
  const name = uniqueName(wanted.name);
  const dataset = node.dataset && nodeFits(node, node.dataset) ? node.dataset : null;
  let hasBegun = wanted.resume;
  const told = telling();
  const onProgress: Application['onProgress'] = (progress) => {
    if (progress.goesOn) told.tell({ level: 'info', words: progress.goesOn });
    wanted.onProgress(progress);
  };
  const run = async (life: number): Promise<ApplyResult> => {
    const request = { model, dataset, recipe, from, name, parents, resume: wanted.resume || life > 1 };
    try {
      return await call('apply', request, { signal, onProgress });
    } catch (error) {
      if (!isLost(error) || signal.aborted || life === lives) throw error;
      hasBegun = true;
      wanted.onAgain();
      told.tell({ level: 'info', words: again });
      return run(life + 1);
    }
  };
  const work = trains(recipe, PASSES, from)
    ? kept(
        wanted.asked,
        () => run(1),
        () => hasBegun,
      )
    : run(1);
  // What was told of the work on its way has nothing to say when it is over.
  const result = await work.finally(told.takeBack);
  if (wanted.asked.way === 'method' && result.model.id === node.model) throw new FaultError(nothingChanged(result));
  const made: ModelNode = {
    id: crypto.randomUUID(),
    name,
    model: result.model.id,
    summary: result.model,
    parent: node.id,
    origin: {
      kind: 'recipe',
      recipe: { ...recipe, steps: recipe.steps.slice(at) },
      seconds: result.seconds,
      reports: [...known, ...result.reports].map((report) => ({ ...report, step: report.step - at })),
    },
    dataset: node.dataset,
    validation: result.validation,
    test: result.test,
    latency: null,
    notes: result.notes,
    made: Date.now(),
  };
  addNode(made);
  announce(madeWords(made));
  return { made, result };
}

/**
 * Does `work`, and has the next visit hear of it where this one does not end it. Where it failed for want of an engine or of
 * the data set, what is left of it is offered; or of what was asked for before, where nothing of this has begun.
 */
async function kept<T>(asked: AskedApplication, work: () => Promise<T>, hasBegun: () => boolean): Promise<T> {
  const undo = keepApplying(asked);
  try {
    const done = await work();
    forgetApplying();
    return done;
  } catch (error) {
    if (isWithoutData(error) && !hasBegun()) undo();
    if (mayGoOn(error)) leaveApplying();
    else forgetApplying();
    throw error;
  }
}

/** Models of the nodes that a step's predictor parameters name. */
export function modelsNamed(step: { readonly pass: string; readonly values: Values }): Record<string, ModelId> {
  const { nodes } = project.getState();
  const found: Record<string, ModelId> = {};
  const params = (passById(step.pass)?.params ?? {}) as Readonly<Record<string, Param>>;
  for (const [key, param] of Object.entries(params)) {
    const named = param.kind === 'predictor' ? nodes[step.values[key] as string] : undefined;
    if (named) found[named.id] = named.model;
  }
  return found;
}

/** The code of the fault that tells that a method gave the model that it was given. */
export const UNCHANGED = 'unchanged';

/** Said where the method says no more about it. */
export const NO_CHANGE: Words = {
  en: 'With these values the method changes nothing on this model.',
  zh: '按当前数值，该方法不会改变这个模型。',
};

function nothingChanged({ notes }: ApplyResult): Fault {
  return {
    code: UNCHANGED,
    words: { en: 'No new model was made.', zh: '没有生成新模型。' },
    hint:
      notes.length > 0
        ? { en: notes.map(({ en }) => en).join(' '), zh: notes.map(({ zh }) => zh).join('') }
        : NO_CHANGE,
  };
}

function madeWords({ name, summary, test }: ModelNode): Words {
  const size = `${summary.nonZero.toLocaleString('en')} / ${summary.parameters.toLocaleString('en')}`;
  const share = test ? `${(test.value * 100).toFixed(2)} %` : null;
  return {
    en: `Made ${name}: ${size} parameters are not zero${share ? `, test accuracy ${share}` : ''}.`,
    zh: `已生成 ${name}：非零参数 ${size}${share ? `，测试准确率 ${share}` : ''}。`,
  };
}
