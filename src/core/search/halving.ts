/**
 * Successive halving: all candidates are trained for a little, the better part goes on, and so forth until one is left,
 * every round costing the same share of the budget. Of n candidates and a budget B, round k of the ceil(log_eta n) gives
 * floor(B / (n_k ceil(log_eta n))) epochs more to each of the n_k that are left; n_(k+1) = floor(n_k / eta).
 * Where nothing can go on from where it stopped, each round begins anew with as many epochs as it can give, and a round
 * that could not give more than the one before is left out.
 * Paper: Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (eta = 2).
 */

export interface Round {
  /** How many candidates take part. */
  readonly candidates: number;
  /** Epochs that each of them has done when the round ends. */
  readonly epochs: number;
}

/** Every round begins anew, with at most so many epochs. */
export interface Anew {
  readonly most: number;
}

/** Rounds of a search over `candidates` (1 or more) with `budget` epochs in all. Every round has an epoch at least. */
export function halvingRounds(candidates: number, budget: number, eta = 2, anew: Anew | null = null): readonly Round[] {
  const count = roundsFor(candidates, eta);
  const rounds: Round[] = [];
  let left = candidates;
  let epochs = 0;
  for (let k = 0; k < count && left >= 1; k++) {
    const share = Math.max(1, Math.floor(budget / (left * count)));
    if (anew && Math.min(share, anew.most) <= epochs) break;
    epochs = anew ? Math.min(share, anew.most) : epochs + share;
    rounds.push({ candidates: left, epochs });
    left = Math.floor(left / eta);
  }
  return rounds;
}

/** The budget below which not every round has an epoch. */
export function leastBudget(candidates: number, eta = 2): number {
  return candidates * roundsFor(candidates, eta);
}

/** ceil(log_eta n), without the rounding errors of logarithms; 1 for a single candidate. */
function roundsFor(candidates: number, eta: number): number {
  let count = 0;
  for (let reached = 1; reached < candidates; reached *= eta) count++;
  return Math.max(1, count);
}

/** Epochs that all rounds together take. */
export function halvingCost(rounds: readonly Round[], anew: Anew | null = null): number {
  const before = (k: number): number => (anew ? 0 : (rounds[k - 1]?.epochs ?? 0));
  return rounds.reduce((sum, round, k) => sum + round.candidates * (round.epochs - before(k)), 0);
}
