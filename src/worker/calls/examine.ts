/** How good one predictor is, in every figure; and the images behind one cell of its table of confusions. */
import { learnsFrom } from '#core/ensembles/ensemble';
import { ensembleById } from '#core/ensembles/index';
import { type Answers, answersAndConfidence, imagesOfCell } from '#core/metrics/comparison';
import { examined } from '#core/metrics/examination';
import type { Predictor } from '#core/predictor';
import type { Dataset } from '#engine/datasets/dataset';
import { greyOf } from '#engine/datasets/summary';
import { fairAnswers, learnedIn } from '#worker/answers';
import { type Handler, throttled } from '#worker/call';
import type { ExaminedSplit, ExamineResult, JudgedImages } from '#worker/protocol-evaluation';

export const examine: Handler<'examine'> = async (request, { session, signal, progress }) => {
  const predictor = await (await session.vault).predictor(request.model);
  const dataset = await session.dataset(request.dataset, { signal });
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const backend = await session.backend();
      const runs = request.split === 'validation' ? 1 : 2;
      const answered = async (split: ExaminedSplit, before: number) => ({
        logits: await fairAnswers(backend, predictor, dataset, split, {
          fitted: request.fitted,
          signal,
          between,
          onProgress: (done) => report((before + done) / runs),
        }),
        labels: dataset.splits[split].labels,
      });
      const validation = await answered('validation', 0);
      const given = runs === 1 ? validation : await answered(request.split, 1);
      await between();
      return { ...examined(given, validation, dataset.classes.length), ...whatItGives(predictor, request) };
    },
    { signal },
  );
};

function whatItGives(
  predictor: Predictor,
  { split, fitted = [] }: { readonly split: ExaminedSplit; readonly fitted?: readonly string[] },
): Pick<ExamineResult, 'gives' | 'learned'> {
  if (predictor.kind !== 'ensemble') return { gives: 'probabilities', learned: null };
  const isHeldOut = learnedIn(predictor, fitted).length > 0;
  const learned = isHeldOut ? 'held-out' : learns(predictor) ? 'elsewhere' : null;
  return { gives: ensembleById(predictor.way).gives, learned: split === 'validation' ? learned : null };
}

/** Whether some way of combining in it learns. */
function learns(predictor: Predictor): boolean {
  return (
    predictor.kind === 'ensemble' &&
    (learnsFrom(ensembleById(predictor.way), predictor.values) || predictor.members.some((member) => learns(member)))
  );
}

export const cellImages: Handler<'cellImages'> = async (request, { session, signal, progress }) => {
  const predictor = await (await session.vault).predictor(request.model);
  const dataset = await session.dataset(request.dataset, { signal });
  const { split, truth, answer, most, fitted } = request;
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const scores = await fairAnswers(await session.backend(), predictor, dataset, split, {
        fitted,
        signal,
        between,
        onProgress: report,
      });
      const classes = dataset.classes.length;
      const answers = answersAndConfidence(scores, classes);
      const found = imagesOfCell(answers, dataset.splits[split].labels, classes, truth, answer);
      return judgedImages(dataset, split, found, [answers], most);
    },
    { signal },
  );
};

/** The first `most` of these images, with what each predictor answered. */
export function judgedImages(
  dataset: Dataset,
  split: ExaminedSplit,
  indices: readonly number[],
  answers: readonly Answers[],
  most: number,
): JudgedImages {
  const classes = dataset.classes.length;
  return {
    total: indices.length,
    shape: dataset.shape,
    images: indices.slice(0, most).map((index) => ({
      index,
      pixels: greyOf(dataset, split, index),
      truth: dataset.splits[split].labels[index] as number,
      answers: answers.map(({ answer, probabilities }) => ({
        answer: answer[index] as number,
        confidence: probabilities[index * classes + (answer[index] as number)] as number,
      })),
    })),
  };
}
