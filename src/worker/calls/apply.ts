/** Runs a recipe: the only way in which a model changes. The new model is measured on validation, once on test, and kept. */
import { PASSES, passById } from '#core/passes/index';
import { runRecipe } from '#core/recipe';
import { type Handler, throttled } from '#worker/call';
import { contextMaker } from '#worker/calls/pass-context';
import type { Accuracy } from '#worker/protocol';
import { summaryOf } from '#worker/summary';

/** Share of the progress bar that the recipe takes; measuring takes the rest. */
const recipeShare = 0.8;

export const apply: Handler<'apply'> = async (
  { model: id, dataset: datasetId, recipe, name, parents },
  { session, signal, progress },
) => {
  const begun = performance.now();
  const vault = await session.vault;
  const start = await vault.get(id);
  const dataset = datasetId ? await session.dataset(datasetId, { signal }) : null;
  const trains = recipe.steps.some(({ pass }) => passById(pass)?.needs.includes('training'));
  const report = throttled(progress);
  const { model: made, reports } = await session.scheduler.run(
    trains ? 'training' : 'evaluation',
    async (between) => {
      const contextFor = await contextMaker(session, { dataset, signal, between, parents });
      return runRecipe(
        start,
        recipe,
        (index, seed) =>
          contextFor(seed, (done, train) => {
            const share = (recipeShare * (index + done)) / recipe.steps.length;
            report(train ? { done: share, train } : { done: share });
          }),
        PASSES,
      );
    },
    { signal },
  );
  const model = { ...made, name };
  const summary = await summaryOf(model);
  let validation: Accuracy | null = null;
  let test: Accuracy | null = null;
  if (datasetId) {
    const measure = (split: 'validation' | 'test', from: number) =>
      session.scheduler.run(
        'evaluation',
        (between) =>
          session.measure(model, datasetId, split, {
            signal,
            between,
            onProgress: (done) => report({ done: from + done * 0.1 }),
          }),
        { signal },
      );
    validation = await measure('validation', recipeShare);
    test = await measure('test', recipeShare + 0.1);
  }
  signal.throwIfAborted();
  await vault.put(model);
  return {
    model: summary,
    validation,
    test,
    notes: reports.flatMap(({ notes }) => notes),
    seconds: (performance.now() - begun) / 1000,
  };
};
