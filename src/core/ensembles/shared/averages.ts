/** Weighted means of members' answers, which most parallel ways are. */
import { logOf, softmaxRows } from '#core/numeric/softmax';
import type { EnsembleState } from '#core/predictor';

/** Weights summing to 1; all alike where they sum to nothing. */
export function normalised(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (sum > 0 ? weight / sum : 1 / weights.length));
}

export function alike(members: number): readonly number[] {
  return Array.from({ length: members }, () => 1 / members);
}

/** The state's weights, summing to 1; all alike where it holds none for this many members. */
export function weightsIn(state: EnsembleState, members: number): readonly number[] {
  const { weights } = state;
  const isList = Array.isArray(weights) && weights.length === members && weights.every((w) => typeof w === 'number');
  return isList ? normalised(weights as readonly number[]) : alike(members);
}

/** [images, classes]: sum of weight * softmax(logits / temperature) over the members. */
export function meanProbabilities(
  logits: readonly Float32Array[],
  classes: number,
  weights: readonly number[],
  temperature = 1,
): Float64Array {
  const mean = new Float64Array(logits[0]?.length ?? 0);
  for (const [m, own] of logits.entries()) {
    const weight = weights[m] as number;
    if (weight === 0) continue;
    const p = softmaxRows(own, classes, temperature);
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + weight * (p[i] as number);
  }
  return mean;
}

/** [images, classes]: log of the weighted mean of probabilities. */
export function averaged(logits: readonly Float32Array[], classes: number, weights: readonly number[]): Float32Array {
  return logOf(meanProbabilities(logits, classes, weights));
}

/** [images, classes]: sum of weight * logits over the members. */
export function meanLogits(logits: readonly Float32Array[], weights: readonly number[]): Float64Array {
  const mean = new Float64Array(logits[0]?.length ?? 0);
  for (const [m, own] of logits.entries()) {
    const weight = weights[m] as number;
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + weight * (own[i] as number);
  }
  return mean;
}
