/**
 * What a way of combining answers to images that it was not fitted to. A way that learns from validation images would
 * flatter itself on them, so it is fitted on all but one part of them, answers that part, and so on for every part
 * (cross-fitting: Stone 1974; what the members answered stays as it was, only the way is fitted again).
 */
import type { FitContext, MemberAnswers } from '#core/ensembles/ensemble';
import { ensembleById } from '#core/ensembles/index';
import type { AskLeaf } from '#core/ensembles/scores';
import { rowsOf, stratifiedFolds } from '#core/numeric/folds';
import { seededRandom } from '#core/numeric/random';
import { clampValues, type Values } from '#core/params';
import type { EnsemblePredictor, Predictor } from '#core/predictor';

/** Parts that the images are divided into. */
const FOLDS = 5;

/** One part of the images: the members' answers outside it, to be fitted to, and inside it, to be answered. */
interface Part {
  readonly rows: Uint32Array;
  readonly outside: MemberAnswers;
  readonly inside: readonly Float32Array[];
}

/** Every class alike in every part. Made once for the same answers: fits may be remembered by these arrays. */
export function heldOutParts({ logits, labels, classes }: MemberAnswers, random: () => number): readonly Part[] {
  const foldOf = stratifiedFolds(labels, FOLDS, random);
  const chosen = (own: Float32Array, rows: Uint32Array): Float32Array => rowsIn(own, rows, classes);
  return Array.from({ length: FOLDS }, (_, fold) => {
    const [rows, others] = [rowsOf(foldOf, fold, true), rowsOf(foldOf, fold, false)];
    return {
      rows,
      outside: {
        logits: logits.map((own) => chosen(own, others)),
        labels: Uint8Array.from(others, (row) => labels[row] as number),
        classes,
      },
      inside: logits.map((own) => chosen(own, rows)),
    };
  });
}

/** [rows, classes] of [images, classes]. */
function rowsIn(own: Float32Array, rows: Uint32Array, classes: number): Float32Array {
  const some = new Float32Array(rows.length * classes);
  for (const [i, row] of rows.entries()) some.set(own.subarray(row * classes, (row + 1) * classes), i * classes);
  return some;
}

/** [images, classes]: to each image the way's answer as it was fitted without that image's part; of a way that fits nothing, its answers. */
export async function heldOutScores(
  id: string,
  values: Values,
  parts: readonly Part[],
  context: FitContext,
  between?: () => Promise<void>,
): Promise<Float32Array> {
  const way = ensembleById(id);
  const valid = clampValues(way.params, values);
  const classes = parts[0]?.outside.classes ?? 0;
  const all = new Float32Array(parts.reduce((sum, { rows }) => sum + rows.length, 0) * classes);
  for (const { rows, outside, inside } of parts) {
    const state = (await way.fit?.(outside, valid, context)) ?? {};
    const { scores } = way.combine(inside, classes, valid, state);
    for (const [i, row] of rows.entries()) all.set(scores.subarray(i * classes, (i + 1) * classes), row * classes);
    await between?.();
  }
  return all;
}

/**
 * The same of a predictor of any depth: [images, classes], to each image what it answers when every ensemble in it that
 * was fitted to these images is fitted without that image's part. With an equal seed the parts are those of `heldOutParts`.
 */
export async function heldOutAnswers(
  predictor: Predictor,
  wasFitted: (one: EnsemblePredictor) => boolean,
  { ask, labels, classes }: { readonly ask: AskLeaf; readonly labels: Uint8Array; readonly classes: number },
  seed: number,
  between?: () => Promise<void>,
): Promise<Float32Array> {
  const foldOf = stratifiedFolds(labels, FOLDS, seededRandom(seed));
  const context = { random: seededRandom(seed) };
  const all = new Float32Array(labels.length * classes);
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = rowsOf(foldOf, fold, false);
    const outside = Uint8Array.from(others, (row) => labels[row] as number);
    const answered = async (one: Predictor): Promise<Float32Array> => {
      if (one.kind !== 'ensemble') return ask(one);
      const logits: Float32Array[] = [];
      for (const member of one.members) logits.push(await answered(member));
      const way = ensembleById(one.way);
      const values = clampValues(way.params, one.values);
      let { state } = one;
      if (way.fit && wasFitted(one)) {
        const seen = logits.map((own) => rowsIn(own, others, classes));
        state = await way.fit({ logits: seen, labels: outside, classes }, values, context);
      }
      return way.combine(logits, classes, values, state).scores;
    };
    const scores = await answered(predictor);
    for (const row of rowsOf(foldOf, fold, true))
      all.set(scores.subarray(row * classes, (row + 1) * classes), row * classes);
    await between?.();
  }
  return all;
}
