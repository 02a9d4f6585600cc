/**
 * The time left of a whole step, told while one of its trainings runs. A training knows its own end only; how much of the
 * step its share is shows in how far both have come since it began.
 */
import type { TrainProgress } from '#worker/protocol';

interface Standing {
  /** Of the step, 0 to 1. */
  readonly done: number;
  /** Of the training, 0 to 1. */
  readonly trained: number;
}

/** Gives what a training tells with `secondsLeft` of the whole step; that of the training until two tellings show its share. */
export function stepPace(): (done: number, train: TrainProgress) => TrainProgress {
  let first: Standing | null = null;
  let last: Standing | null = null;
  /** Seconds that the whole step would take at the latest pace. */
  let whole: number | null = null;
  return (done, train) => {
    const trained = train.point.step / train.totalSteps;
    if (!first || !last || trained < last.trained || done < last.done) first = { done, trained };
    last = { done, trained };
    const share = (done - first.done) / (trained - first.trained);
    if (share > 0 && trained < 1) whole = train.secondsLeft / (1 - trained) / share;
    return whole === null ? train : { ...train, secondsLeft: whole * (1 - done) };
  };
}
