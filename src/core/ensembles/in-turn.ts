/**
 * Members asked one after another, each about those images only that need it: what makes a cascade cheap where it is
 * used. `scores` asks everybody about everything, because measures want to know what each would have said.
 */
import type { Combined, Ensemble } from '#core/ensembles/ensemble';
import type { Values } from '#core/params';
import type { EnsembleState } from '#core/predictor';

/** `ask` gives a member's [rows, classes] for these images of the batch. Members never asked cost nothing. */
export async function combinedInTurn(
  { combine }: Pick<Ensemble, 'combine'>,
  { values, state }: { readonly values: Values; readonly state: EnsembleState },
  { members, images, classes }: { readonly members: number; readonly images: number; readonly classes: number },
  ask: (member: number, rows: Uint32Array) => Promise<Float32Array>,
): Promise<Combined> {
  const all = Uint32Array.from({ length: images }, (_, i) => i);
  const logits = Array.from({ length: members }, () => new Float32Array(images * classes));
  let isAsked: Combined['used'] = [];
  for (const [m, own] of logits.entries()) {
    // A way that asks everybody says so at once.
    isAsked &&= combine(logits, classes, values, state).used;
    const rows = isAsked ? all.filter((row) => isAsked?.[m]?.[row] === 1) : all;
    if (rows.length === 0) continue;
    const answers = await ask(m, rows);
    for (const [i, row] of rows.entries()) own.set(answers.subarray(i * classes, (i + 1) * classes), row * classes);
  }
  return combine(logits, classes, values, state);
}
