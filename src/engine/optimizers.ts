/** What the host knows about optimisers: how many moments each keeps, and the rate of a step with Adam's bias correction. */
import type { Objective, Optimizer } from '#core/objective';

/** Values kept beside each parameter. */
export function momentsOf(optimizer: Optimizer): number {
  switch (optimizer.kind) {
    case 'sgd':
      return 0;
    case 'momentum':
      return 1;
    case 'adam':
      return 2;
    default:
      throw optimizer satisfies never;
  }
}

/**
 * The learning rate of a step (counted from 0) in a run of `steps`, times Adam's sqrt(1 - b2^t) / (1 - b1^t)
 * (Kingma and Ba 2015, end of section 2), so that the device keeps no count of steps.
 */
export function rateAt(objective: Objective, step: number, steps: number): number {
  const { learningRate, schedule, optimizer } = objective;
  const base =
    schedule.kind === 'cosine'
      ? (learningRate * (1 + Math.cos((Math.PI * step) / Math.max(1, steps)))) / 2
      : learningRate;
  if (optimizer.kind !== 'adam') return base;
  return (base * Math.sqrt(1 - optimizer.beta2 ** (step + 1))) / (1 - optimizer.beta1 ** (step + 1));
}
