/**
 * The training loop: seeded order, whole batches, one program run for each, and between two batches room for messages
 * and for whatever is more urgent. The device is asked for figures a few times a second, never at every step. The same
 * seed on the same backend gives the same bytes: neither figures nor validation influence what is learned.
 */

import type { Model, Tensor } from '#core/model/model';
import type { Objective, TrainPoint } from '#core/objective';
import type { TrainHooks } from '#core/pass';
import type { Backend } from '#engine/backend';
import { assertFits } from '#engine/batches';
import { breathe } from '#engine/breathe';
import { type Checkpoint, readValues, writeValues } from '#engine/checkpoint';
import type { Dataset } from '#engine/datasets/dataset';
import { evaluate } from '#engine/evaluate';
import { type Feed, makeFeed } from '#engine/feed';
import { type Figures, makeMeter } from '#engine/meter';
import { rateAt } from '#engine/optimizers';
import { type TrainingPlan, trainingPlan } from '#engine/plan';
import { residentImages } from '#engine/plan/gather';
import { modelNow, type Running, revise, startPlan } from '#engine/revise';
import { selectImages } from '#engine/selection';
import { makeTrainControl, type TrainControl } from '#engine/train-control';

/** Validation images looked at within an epoch, and at its end. */
const GLANCE = 1000;
const EPOCH_GLANCE = 2000;
/** At most about this share of the time goes into validation within an epoch. */
const GLANCE_SHARE = 0.1;
/** Milliseconds between two checkpoints. */
const CHECKPOINT_EVERY = 3000;

export interface TrainProgress extends Figures {
  readonly state: 'running' | 'paused';
}
export interface TrainOptions {
  readonly signal?: AbortSignal | undefined;
  readonly control?: TrainControl | undefined;
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
  /** Share done of what comes before the first step (a teacher's logits). */
  readonly onPrepare?: ((done: number) => void) | undefined;
  /** How many of the backend's kernels are ready, before the first step. */
  readonly onCompiled?: ((ready: number, of: number) => void) | undefined;
  /** Awaited between batches, so that something more urgent can go first. */
  readonly between?: (() => Promise<void>) | undefined;
  /** Looks at the model on the way and may change it. */
  readonly hooks?: TrainHooks | undefined;
  /** Whether validation accuracy is followed during the run; true by default. */
  readonly validate?: boolean | undefined;
  /** Goes on from here: on the same backend the result is the same, byte for byte, as that of an undisturbed run. */
  readonly from?: Checkpoint | null | undefined;
  /** Told every few seconds where the run could go on from. The values are the receiver's to keep. */
  readonly onCheckpoint?: ((checkpoint: Checkpoint) => void) | undefined;
  /** Milliseconds between two checkpoints; 3,000 by default. */
  readonly checkpointEvery?: number | undefined;
  /** Milliseconds between two readings of the figures; 250 by default. */
  readonly reportEvery?: number | undefined;
  /** Milliseconds from any fixed moment. */
  readonly now?: (() => number) | undefined;
}
export interface TrainOutcome {
  readonly model: Model;
  /** True where it ended before its last batch. */
  readonly stopped: boolean;
  /** Of work, pauses left out. */
  readonly seconds: number;
  /** Batches done. */
  readonly steps: number;
}

/**
 * Trains the objective's model and returns it with new tensors, encodings kept. Throws EngineError ('plan', 'data',
 * 'diverged'), BackendError, or the signal's reason.
 */
export async function train(
  backend: Backend,
  objective: Objective,
  dataset: Dataset,
  options: TrainOptions = {},
): Promise<TrainOutcome> {
  const { signal, hooks, control = makeTrainControl(), between = breathe, now = () => performance.now() } = options;
  assertFits(objective.model, dataset);
  const selection = selectImages(objective, dataset.splits.train);
  const { batch, perEpoch } = selection;
  const totalSteps = Math.round(perEpoch * objective.epochs);
  const resident = residentImages(backend, dataset, 'train') ? dataset : null;
  const planOf = (model: Model): TrainingPlan =>
    trainingPlan({ ...objective, model }, batch, { transfer: selection.transfer, resident });
  const feedOf = ({ plan, program }: Running): Promise<Feed> =>
    makeFeed(backend, objective, dataset, selection, plan, program, {
      signal,
      between: options.between,
      onProgress: options.onPrepare,
    });
  const { onCheckpoint } = options;
  // A checkpoint of a run with hooks is of the model as they left it.
  const from = options.from && (options.from.revised !== undefined) === (hooks !== undefined) ? options.from : null;
  const first = from?.revised?.model ?? objective.model;
  let running = await startPlan(backend, first, planOf(first), options.onCompiled);
  try {
    const goesOn = from && writeValues(running.program, running.plan, from.values) ? from : null;
    if (from?.revised && !goesOn) {
      running.program.dispose();
      running = await startPlan(backend, objective.model, planOf(objective.model));
    }
    if (goesOn?.revised) hooks?.memory?.write(goesOn.revised.memory);
    let feed = await feedOf(running);
    const meter = makeMeter(() => ({ program: running.program, sums: running.plan.sums }), {
      batch,
      totalSteps,
      perEpoch,
      images: selection.images,
      every: options.reportEvery ?? 250,
      now,
      from: goesOn,
    });
    const reviseEvery = hooks ? Math.max(1, Math.round(hooks.every * perEpoch)) : Number.POSITIVE_INFINITY;
    let step = goesOn?.step ?? 0;
    let stopped = false;
    let checked = now();
    let glanced = now();
    let glanceCost = 0;
    const glance = async (count: number): Promise<Partial<TrainPoint>> => {
      if (options.validate === false) return {};
      const begun = now();
      const model = await modelNow(running, unnamed);
      const seen = await validation(backend, model, dataset, count, control, between, signal);
      glanced = now();
      glanceCost = glanced - begun;
      meter.leaveOut(glanceCost);
      return seen;
    };
    while (step < totalSteps) {
      const asked = now();
      if (!(await control.next(signal))) {
        stopped = true;
        break;
      }
      meter.leaveOut(now() - asked);
      if (hooks && step % reviseEvery === 0) {
        const next = await revise(backend, running, hooks, step / totalSteps, planOf, objective.regrow ?? false);
        const isOther = next.program !== running.program;
        running = next;
        if (isOther) feed = await feedOf(running);
      }
      feed(step, rateAt(objective, step, totalSteps), step / totalSteps);
      running.program.run();
      step++;
      const last = step % perEpoch === 0 || step === totalSteps;
      const paused = control.state === 'paused';
      if (meter.due() || paused || last) {
        const figures = await meter.read(step);
        const glanceDue = now() - glanced > Math.max(1000, glanceCost / GLANCE_SHARE);
        const seen = last ? await glance(EPOCH_GLANCE) : glanceDue && !paused ? await glance(GLANCE) : {};
        options.onProgress?.({
          ...figures,
          point: { ...figures.point, ...seen },
          state: paused ? 'paused' : 'running',
        });
      }
      if (onCheckpoint && (paused || now() - checked >= (options.checkpointEvery ?? CHECKPOINT_EVERY))) {
        const values = await readValues(running.program, running.plan);
        const revised = hooks && { model: running.model, memory: hooks.memory?.read() ?? null };
        onCheckpoint({
          step,
          epoch: step / perEpoch,
          seconds: meter.seconds(),
          values,
          ...(revised ? { revised } : {}),
        });
        checked = now();
      }
      await between();
    }
    if (step > (goesOn?.step ?? 0)) await meter.read(step);
    return { model: await modelNow(running), stopped, seconds: meter.seconds(), steps: step };
  } finally {
    running.program.dispose();
  }
}

let unnamedTensors = 0;
/** A tensor that is only looked at: hashing its content would cost more than running it. */
function unnamed(
  shape: readonly number[],
  data: Float32Array,
  encoding: Tensor['encoding'] = { values: { kind: 'dense' } },
): Tensor {
  return { id: `unnamed ${++unnamedTensors}`, shape, data, encoding };
}

async function validation(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  images: number,
  control: TrainControl,
  between: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Partial<TrainPoint>> {
  const cut = new AbortController();
  const either = signal ? AbortSignal.any([signal, cut.signal]) : cut.signal;
  const attend = async (): Promise<void> => {
    await between();
    if (control.state === 'stopped') cut.abort();
  };
  try {
    const seen = await evaluate(backend, { kind: 'model', model }, dataset, 'validation', {
      images,
      signal: either,
      between: attend,
    });
    return { validationLoss: seen.loss, validationAccuracy: seen.accuracy, validationImages: seen.images };
  } catch (error) {
    if (cut.signal.aborted && !signal?.aborted) return {};
    throw error;
  }
}
