/** Chooses members and how to combine them, from what the models answered to the validation images. */
import { totalsOf } from '#core/metrics/totals';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import { bestSingle, type Choice, type ChoiceQuestion, chooseMembers as choose } from '#core/search/members';
import { answersOnce } from '#worker/answers';
import type { Handler } from '#worker/call';
import { summaryOfPredictor } from '#worker/summary-predictor';

/** Share of the progress that asking the models takes. */
const asking = 0.5;

export const chooseMembers: Handler<'chooseMembers'> = async (request, { session, signal, progress }) => {
  const { models: ids, dataset: id, rules, budget, seed } = request;
  const begun = performance.now();
  const vault = await session.vault;
  const dataset = await session.dataset(id, { signal });
  const { labels } = dataset.splits.validation;
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const pause = async (): Promise<void> => {
        await between();
        signal.throwIfAborted();
      };
      const backend = await session.backend();
      const models: ChoiceQuestion['models'][number][] = [];
      for (const [index, one] of ids.entries()) {
        const predictor = await vault.predictor(one);
        const logits = await answersOnce(backend, predictor, dataset, 'validation', {
          signal,
          between,
          onProgress: (done) => progress({ done: (asking * (index + done)) / ids.length }),
        });
        const name = predictor.kind === 'model' ? predictor.model.name : predictor.kind;
        const { bytes } = await summaryOfPredictor(predictor, name);
        models.push({ logits, macs: totalsOf(predictor).macs, bytes });
      }
      // The same halves for every rule.
      const question = (): ChoiceQuestion => ({
        models,
        labels,
        classes: dataset.classes.length,
        budget,
        random: seededRandom(derivedSeed(seed, 'halves')),
        pause,
      });
      const choices: Choice[] = [];
      for (const [index, rule] of rules.entries()) {
        const choice = await choose(question(), rule);
        if (choice) choices.push(choice);
        progress({ done: asking + ((1 - asking) * (index + 1)) / rules.length });
      }
      choices.sort((a, b) => b.accuracy - a.accuracy || a.cost - b.cost);
      return {
        choices,
        single: bestSingle(question()),
        images: labels.length,
        seconds: (performance.now() - begun) / 1000,
      };
    },
    { signal },
  );
};
