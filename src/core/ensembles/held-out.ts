/**
 * What a way of combining answers to images that it was not fitted to. A way that learns from validation images would
 * flatter itself on them, so it is fitted on all but one part of them, answers that part, and so on for every part
 * (cross-fitting: Stone 1974; what the members answered stays as it was, only the way is fitted again).
 */
import type { FitContext, MemberAnswers } from '#core/ensembles/ensemble';
import { ensembleById } from '#core/ensembles/index';
import { rowsOf, stratifiedFolds } from '#core/numeric/folds';
import { clampValues, type Values } from '#core/params';

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
  const chosen = (own: Float32Array, rows: Uint32Array): Float32Array => {
    const some = new Float32Array(rows.length * classes);
    for (const [i, row] of rows.entries()) some.set(own.subarray(row * classes, (row + 1) * classes), i * classes);
    return some;
  };
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
