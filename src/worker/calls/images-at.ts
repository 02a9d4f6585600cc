import { answersAndConfidence } from '#core/metrics/comparison';
import { fairAnswers } from '#worker/answers';
import type { Handler } from '#worker/call';
import { judgedImages } from '#worker/calls/examine';

/** Some validation images, and what these predictors answer to them. */
export const imagesAt: Handler<'imagesAt'> = async (request, { session, signal }) => {
  const vault = await session.vault;
  const dataset = await session.dataset(request.dataset, { signal });
  return session.scheduler.run(
    'glance',
    async (between) => {
      const answers = [];
      for (const id of request.models) {
        const scores = await fairAnswers(await session.backend(), await vault.predictor(id), dataset, 'validation', {
          fitted: request.fitted,
          signal,
          between,
        });
        answers.push(answersAndConfidence(scores, dataset.classes.length));
      }
      const { count } = dataset.splits.validation;
      const inside = request.indices.filter((index) => index >= 0 && index < count);
      return judgedImages(dataset, 'validation', inside, answers, inside.length);
    },
    { signal },
  );
};
