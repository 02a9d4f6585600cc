/**
 * The figures of a training run: loss and accuracy since they were last read, speed and time left. How many steps lie
 * between two readings follows from the speed seen between the last two, so that a GPU, which only queues work, is never
 * more than one interval behind.
 */
import type { TrainPoint } from '#core/objective';
import type { Program, SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';

export interface Figures {
  readonly point: TrainPoint;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}
export interface Meter {
  /** Whether the figures should be read after this step. */
  due(): boolean;
  /** Reads and clears the sums. Throws EngineError('diverged'). */
  read(step: number): Promise<Figures>;
  /** Takes time out of the speed that is shown. */
  leaveOut(milliseconds: number): void;
  /** Of work so far. */
  seconds(): number;
}
/** Where the figures are. */
export interface Metered {
  readonly program: Program;
  /** [3]: weighted loss, weighted correct answers, weights. */
  readonly sums: SlotId;
}
export interface MeterOptions {
  readonly batch: number;
  readonly totalSteps: number;
  readonly perEpoch: number;
  /** Share of the images that have a label to be right about. */
  readonly images: number;
  /** Milliseconds between two readings. */
  readonly every: number;
  readonly now: () => number;
  /** Where the run goes on from. */
  readonly from: { readonly step: number; readonly seconds: number } | null;
}

/** `metered` is asked at every reading: a run may change programs on the way. */
export function makeMeter(metered: () => Metered, options: MeterOptions): Meter {
  const { batch, totalSteps, perEpoch, images, every, now, from } = options;
  let interval = 1;
  let since = 0;
  let begun = now();
  let worked = (from?.seconds ?? 0) * 1000;
  let left = 0;
  let before = from?.step ?? 0;
  let last: Figures | null = null;
  return {
    due: () => ++since >= interval,
    async read(step) {
      if (last && last.point.step === step) return last;
      const { program, sums } = metered();
      const [loss, correct, weight] = (await program.read(sums)) as unknown as [number, number, number];
      if (!Number.isFinite(loss)) throw diverged();
      program.write(sums, new Float32Array(3));
      const milliseconds = Math.max(0.001, now() - begun - left);
      const steps = step - before;
      before = step;
      const perSecond = (steps * batch * 1000) / milliseconds;
      const ahead = Math.max(1, Math.round((every * steps) / milliseconds));
      interval = Math.min(ahead, 2 * interval);
      worked += milliseconds;
      begun = now();
      left = 0;
      since = 0;
      last = {
        point: {
          step,
          epoch: step / perEpoch,
          trainLoss: loss / weight,
          trainAccuracy: correct / (weight * images),
        },
        totalSteps,
        imagesPerSecond: perSecond,
        secondsLeft: ((totalSteps - step) * batch) / perSecond,
      };
      return last;
    },
    leaveOut(milliseconds) {
      left += milliseconds;
    },
    seconds: () => worked / 1000,
  };
}

function diverged(): EngineError {
  return new EngineError('diverged', {
    en: 'The loss is no longer a number: training ran away. The learning rate is probably too high; try a tenth of it.',
    zh: '损失值已不是有效数字：训练发散了。学习率可能过高，请尝试将其降到十分之一。',
  });
}
