/**
 * Runs a recipe: the only way in which a model changes. Each step is measured on validation when it ends, the new model
 * once on test, and it is kept.
 */
import type { Model } from '#core/model/model';
import { PASSES, passById } from '#core/passes/index';
import { type Recipe, runRecipe } from '#core/recipe';
import { type Handler, throttled } from '#worker/call';
import { contextMaker } from '#worker/calls/pass-context';
import type { Accuracy, Calls, StepOutcome } from '#worker/protocol';
import { summaryOf, writtenBytes } from '#worker/summary';

/** Share of the progress bar that the recipe takes; the test takes the rest. */
const recipeShare = 0.9;
/** Share of a step that measuring it takes, at a guess. */
const measureShare = 0.1;

type Progress = Calls['apply']['progress'];

export const apply: Handler<'apply'> = async (
  { model: id, dataset: datasetId, recipe, from = 0, name, parents },
  { session, signal, progress },
) => {
  const begun = performance.now();
  const vault = await session.vault;
  const start = await vault.get(id);
  const dataset = datasetId ? await session.dataset(datasetId, { signal }) : null;
  const running = recipe.steps.flatMap((step, index) => (index >= from && !step.off ? [index] : []));
  const report = throttled(progress);
  const tell = (step: number, done: number, more: Pick<Progress, 'train'> = {}): void =>
    report({ done: (recipeShare * (running.indexOf(step) + done)) / Math.max(1, running.length), step, ...more });
  const outcomes: StepOutcome[] = [];
  const { model: made } = await session.scheduler.run(
    trains(recipe, running) ? 'training' : 'evaluation',
    async (between) => {
      const contextFor = await contextMaker(session, { dataset, signal, between, parents });
      const measure = (step: number, model: Model): Promise<Accuracy | null> =>
        datasetId === null
          ? Promise.resolve(null)
          : session.measure(model, datasetId, 'validation', {
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
            const outcome = { ...facts, step, bytes, validation: await measure(step, model) };
            outcomes.push(outcome);
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
        session.measure(model, datasetId, split, {
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
  await vault.put(model);
  return {
    model: summary,
    validation,
    test,
    reports: outcomes,
    notes: outcomes.flatMap(({ notes }) => notes),
    seconds: (performance.now() - begun) / 1000,
  };
};

function trains({ steps }: Recipe, running: readonly number[]): boolean {
  return running.some((index) => passById(steps[index]?.pass ?? '')?.needs.includes('training'));
}
