/** Which of two predictors is better, on the same images, and where they differ. */
import { answersAndConfidence, compared } from '#core/metrics/comparison';
import { fairAnswers } from '#worker/answers';
import { type Handler, throttled } from '#worker/call';
import { judgedImages } from '#worker/calls/examine';

export const compareTwo: Handler<'compareTwo'> = async (request, { session, signal, progress }) => {
  const vault = await session.vault;
  const [a, b] = [await vault.predictor(request.a), await vault.predictor(request.b)];
  const dataset = await session.dataset(request.dataset, { signal });
  const { split, most, fitted } = request;
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const backend = await session.backend();
      const ways = { signal, between, fitted };
      const ofA = await fairAnswers(backend, a, dataset, split, { ...ways, onProgress: (done) => report(done / 2) });
      const ofB = await fairAnswers(backend, b, dataset, split, {
        ...ways,
        onProgress: (done) => report((1 + done) / 2),
      });
      const classes = dataset.classes.length;
      const { labels } = dataset.splits[split];
      const { differing, ...figures } = compared(ofA, ofB, labels, classes);
      const both = [answersAndConfidence(ofA, classes), answersAndConfidence(ofB, classes)];
      const shown = (indices: readonly number[]) => judgedImages(dataset, split, indices, both, most);
      return {
        ...figures,
        images: labels.length,
        differing: {
          onlyA: shown(differing.onlyA),
          onlyB: shown(differing.onlyB),
          bothWrong: shown(differing.bothWrong),
        },
      };
    },
    { signal },
  );
};
