/**
 * Runs a recipe: the only way in which a model changes. Each step is measured on validation when it ends, the new model
 * once on test, and it is kept. When the engine or its device ends in the middle, the next one is asked to go on with it.
 */
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { PASSES, passById } from '#core/passes/index';
import { type Recipe, runRecipe, trains } from '#core/recipe';
import type { Dataset } from '#engine/datasets/dataset';
import { type CallContext, type Handler, throttled } from '#worker/call';
import { type Journal, openJournal } from '#worker/calls/journal';
import { contextMaker } from '#worker/calls/pass-context';
import { keptForAnother } from '#worker/faults';
import type { Accuracy, ApplyResult, Calls, StepOutcome } from '#worker/protocol';
import { summaryOf, writtenBytes } from '#worker/summary';

/** Share of the progress bar that the recipe takes; the test takes the rest. */
const recipeShare = 0.9;
/** Share of a step that measuring it takes, at a guess. */
const measureShare = 0.1;

type Progress = Calls['apply']['progress'];

export const apply: Handler<'apply'> = async (request, context) => {
  const { model, dataset, recipe, from, parents, resume = false } = request;
  const key = JSON.stringify([model, dataset, recipe, from, parents]);
  const { session, signal } = context;
  // What does not train is quickly done again.
  const keeper = trains(recipe, PASSES, from) ? (await session.vault).applying : null;
  return keptForAnother(
    () => keeper?.drop(),
    async () => {
      // First of all: where it cannot be had, what is kept stays as it is.
      const data = dataset ? await session.dataset(dataset, { signal }) : null;
      return run(request, context, data, keeper && (await openJournal(session, 'applying', key, resume)));
    },
  );
};

async function run(
  { model: id, dataset: datasetId, recipe, from: first = 0, name, parents }: Calls['apply']['request'],
  { session, signal, progress }: CallContext<'apply'>,
  dataset: Dataset | null,
  journal: Journal | null,
): Promise<ApplyResult> {
  const begun = performance.now();
  const vault = await session.vault;
  const start = journal?.model ?? (await vault.get(id));
  const from = (journal?.outcomes.at(-1)?.step ?? first - 1) + 1;
  const running = recipe.steps.flatMap((step, index) => (index >= first && !step.off ? [index] : []));
  const report = throttled(progress);
  const tell = (step: number, done: number, more: Pick<Progress, 'train'> = {}): void =>
    report({ done: (recipeShare * (running.indexOf(step) + done)) / Math.max(1, running.length), step, ...more });
  const outcomes: StepOutcome[] = [...(journal?.outcomes ?? [])];
  for (const [index, outcome] of outcomes.entries())
    progress({ done: (recipeShare * (index + 1)) / running.length, step: outcome.step, outcome });
  const next = running.find((index) => index >= from);
  const goesOn = next === undefined ? null : journal?.goesOn(stepWords(recipe, next));
  if (next !== undefined && goesOn)
    progress({ done: (recipeShare * outcomes.length) / running.length, step: next, goesOn });
  const { model: made } = await session.scheduler.run(
    trains(recipe, PASSES, first) ? 'training' : 'evaluation',
    async (between) => {
      const contextFor = await contextMaker(session, { dataset, signal, between, parents, journal });
      const measure = (step: number, model: Model): Promise<Accuracy | null> =>
        datasetId === null
          ? Promise.resolve(null)
          : session.measure({ kind: 'model', model }, datasetId, 'validation', {
              signal,
              between,
              onProgress: (done) => tell(step, 1 - measureShare * (1 - done)),
            });
      return runRecipe(
        start,
        recipe,
        (step, seed) =>
          contextFor(seed, (done, train) => tell(step, (1 - measureShare) * done, train ? { train } : {})),
        PASSES,
        {
          from,
          async onStep(step, model, facts) {
            // The file's size is that of the name it will have.
            const bytes = await writtenBytes({ ...model, name });
            const validation = await measure(step, model);
            const outcome = { ...facts, step, bytes, validation, model: modelId(model) };
            outcomes.push(outcome);
            await journal?.done(outcome, model);
            progress({ done: (recipeShare * outcomes.length) / running.length, step, outcome });
          },
        },
      );
    },
    { signal },
  );
  const model = { ...made, name };
  const summary = await summaryOf(model);
  const measured = (split: 'validation' | 'test'): Promise<Accuracy> | null =>
    datasetId &&
    session.scheduler.run(
      'evaluation',
      (between) =>
        session.measure({ kind: 'model', model }, datasetId, split, {
          signal,
          between,
          onProgress: (done) =>
            report({ done: recipeShare + done * (1 - recipeShare), step: running.at(-1) ?? recipe.steps.length }),
        }),
      { signal },
    );
  const validation = outcomes.at(-1)?.validation ?? (await measured('validation'));
  const test = await measured('test');
  signal.throwIfAborted();
  // The vault knows a model by what it computes: put again it would take the name that it has here.
  if (summary.id !== id) await vault.put(model);
  return {
    model: summary,
    validation,
    test,
    reports: outcomes,
    notes: outcomes.flatMap(({ notes }) => notes),
    seconds: (performance.now() - begun) / 1000,
  };
}

/** "Fine-tuning"; of several steps "Step 2 (Fine-tuning)". */
function stepWords({ steps }: Recipe, index: number): Words {
  const { en, zh }: Words = passById(steps[index]?.pass ?? '')?.words.title ?? { en: '', zh: '' };
  return steps.length === 1
    ? { en, zh: `“${zh}”` }
    : { en: `Step ${index + 1} (${en})`, zh: `第 ${index + 1} 步（${zh}）` };
}
