/**
 * Several predictors as one, from what they answered to the validation images: fitted, judged by images that it was not
 * fitted to, and compared with its members. What members answered is kept, so that a slider only costs arithmetic.
 */
import { learnsFrom, type MemberAnswers } from '#core/ensembles/ensemble';
import { fitEnsemble } from '#core/ensembles/fit';
import { heldOutParts, heldOutScores } from '#core/ensembles/held-out';
import { ensembleById } from '#core/ensembles/index';
import { accuracyOf } from '#core/metrics/classification';
import { seededRandom } from '#core/numeric/random';
import type { Words } from '#core/params';
import { PassError } from '#core/pass';
import type { EnsemblePredictor, EnsembleState, Predictor } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import { type Evaluation, judge } from '#engine/evaluate';
import { answersOnce, FIT_SEED, fairAnswers, heldOut, learnedIn } from '#worker/answers';
import type { Accuracy, DatasetId } from '#worker/protocol';
import type { Combination } from '#worker/protocol-ensembles';
import { makeRecent, type Recent } from '#worker/recent';
import type { Session } from '#worker/session';

/** Members, and what they answered to the validation images. */
export interface Gathered {
  readonly members: readonly Predictor[];
  readonly answers: MemberAnswers & { readonly labels: Uint8Array };
  /** By member; of those that were fitted to validation images, each image by a fit without its part. */
  readonly judged: readonly Evaluation[];
  /** Where there are such members: the whole's answers with them, and with itself where it learned too, fitted likewise. */
  readonly held: ((ensemble: EnsemblePredictor, learned: boolean, ways: Ways) => Promise<Float32Array>) | null;
  /** Made when a way that learns is first asked for. */
  parts: ReturnType<typeof heldOutParts> | null;
  /** What was fitted last, by way, values and state: what a preview has shown is not fitted again. */
  readonly fits: Recent<Fitted>;
}
export interface Ways {
  /** Ensembles among the members, or in them, that were fitted to the validation images. */
  readonly fitted?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly onProgress?: (done: number) => void;
}

/** Asks every member once; what is known already is not asked for again. */
export async function gather(
  session: Session,
  members: readonly Predictor[],
  datasetId: DatasetId,
  { onProgress, ...ways }: Ways,
): Promise<Gathered> {
  const dataset = await session.dataset(datasetId);
  const backend = await session.backend();
  const key = JSON.stringify([backend.id, datasetId, members.map(predictorId), ways.fitted]);
  const known = session.gathered.get(key);
  if (known) return known;
  const { labels } = dataset.splits.validation;
  const classes = dataset.classes.length;
  const logits: Float32Array[] = [];
  const fair: Float32Array[] = [];
  for (const [m, member] of members.entries()) {
    const told = { ...ways, onProgress: (done: number) => onProgress?.((m + done) / members.length) };
    logits.push(await answersOnce(backend, member, dataset, 'validation', told));
    fair.push(await fairAnswers(backend, member, dataset, 'validation', ways));
  }
  const inside = members.flatMap((member) => learnedIn(member, ways.fitted ?? []));
  const gathered: Gathered = {
    members,
    answers: { logits, labels, classes },
    judged: fair.map((own) => judge(own, labels, classes)),
    held:
      inside.length === 0
        ? null
        : (ensemble, learned, later) =>
            heldOut(backend, ensemble, dataset, (one) => (one === ensemble ? learned : inside.includes(one)), later),
    parts: null,
    fits: makeRecent(4),
  };
  session.gathered.set(key, gathered);
  return gathered;
}

export interface Fitted {
  readonly ensemble: EnsemblePredictor;
  /** On validation; of a way that learned from it, each image by a fit without its part. */
  readonly judged: Evaluation;
  /** Whether it learned from the validation images. */
  readonly learned: boolean;
}

/** Throws PassError where there are too few or too many members. */
export async function fit(
  gathered: Gathered,
  { way: id, values, state }: Pick<Combination, 'way' | 'values'> & { readonly state?: EnsembleState | undefined },
  { signal, between }: Ways,
): Promise<Fitted> {
  const way = ensembleById(id);
  const { members, answers } = gathered;
  const { least, most = Number.POSITIVE_INFINITY } = way.members;
  if (members.length < least || members.length > most) throw new PassError(countWords(way.words.title, least, most));
  const key = JSON.stringify([id, values, state]);
  const known = gathered.fits.get(key);
  if (known) return known;
  const context = { random: seededRandom(FIT_SEED) };
  const ensemble = await fitEnsemble(id, values, members, answers, context, state);
  await between();
  signal.throwIfAborted();
  const learned = state === undefined && learnsFrom(way, ensemble.values);
  let scores: Float32Array;
  if (gathered.held) scores = await gathered.held(ensemble, learned, { signal, between });
  else if (learned) {
    gathered.parts ??= heldOutParts(answers, seededRandom(FIT_SEED));
    scores = await heldOutScores(id, ensemble.values, gathered.parts, { random: seededRandom(FIT_SEED) }, between);
    signal.throwIfAborted();
  } else scores = way.combine(answers.logits, answers.classes, ensemble.values, ensemble.state).scores;
  const fitted = { ensemble, judged: judge(scores, answers.labels, answers.classes), learned };
  gathered.fits.set(key, fitted);
  return fitted;
}

export function asAccuracy({ correct, loss }: Evaluation): Accuracy {
  return { ...accuracyOf(correct), loss };
}

function countWords(title: Words, least: number, most: number): Words {
  return Number.isFinite(most)
    ? {
        en: `${title.en} takes ${least} to ${most} members.`,
        zh: `“${title.zh}”需要 ${least} 到 ${most} 个成员。`,
      }
    : {
        en: `${title.en} takes ${least} members or more.`,
        zh: `“${title.zh}”至少需要 ${least} 个成员。`,
      };
}
