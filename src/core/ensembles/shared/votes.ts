/**
 * Counting weighted votes, one a member, with ties broken by the summed probability and then by the lower class. Shares of
 * votes are given as logarithms, so that they can be drawn and ranked like probabilities, which they are not.
 */
import { answersIn } from '#core/ensembles/shared/answers';
import { alike, meanProbabilities } from '#core/ensembles/shared/averages';

/** Votes closer than this are a tie: weights are sums of rounded numbers. */
const TIE = 1e-9;

/**
 * [images, classes]: log((votes + mean probability / M) / (1 + 1 / M)), the mean of probabilities entering as one more
 * voter of M = members + 1 small enough never to outvote a member; weights sum to 1. The winner by the rule is always
 * the largest, strictly.
 */
export function votes(logits: readonly Float32Array[], classes: number, weights: readonly number[]): Float32Array {
  const p = meanProbabilities(logits, classes, alike(logits.length));
  const answers = logits.map((own) => answersIn(own, classes));
  const images = p.length / classes;
  const scores = new Float32Array(p.length);
  const count = new Float64Array(classes);
  const extra = 1 / (logits.length + 1);
  for (let i = 0; i < images; i++) {
    count.fill(0);
    for (const [m, own] of answers.entries()) {
      const answer = own[i] as number;
      count[answer] = (count[answer] as number) + (weights[m] as number);
    }
    let best = 0;
    for (let c = 1; c < classes; c++) {
      const ahead = (count[c] as number) - (count[best] as number);
      const likelier = (p[i * classes + c] as number) > (p[i * classes + best] as number);
      if (ahead > TIE || (ahead >= -TIE && likelier)) best = c;
    }
    let others = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const share = ((count[c] as number) + extra * (p[i * classes + c] as number)) / (1 + extra);
      const score = Math.fround(Math.log(Math.max(share, 1e-30)));
      scores[i * classes + c] = score;
      if (c !== best) others = Math.max(others, score);
    }
    // Where rounding or the extra voter hides the winner, it is put in front by the least that float32 can tell.
    if ((scores[i * classes + best] as number) <= others)
      scores[i * classes + best] = others + Math.max(1e-6, Math.abs(others) * 2 ** -22);
  }
  return scores;
}
