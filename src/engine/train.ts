/**
 * The training loop: seeded order, whole batches, one program run for each, and between two batches room for messages
 * and for whatever is more urgent. The device is asked for figures a few times a second, never at every step. The same
 * seed on the same backend gives the same bytes: neither figures nor validation influence what is learned.
 */

import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { derivedSeed, seededRandom, shuffledIndices } from '#core/numeric/random';
import type { Objective, TrainPoint } from '#core/objective';
import type { TrainHooks } from '#core/pass';
import type { Backend, Program } from '#engine/backend';
import { assertFits, fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import { type Checkpoint, readValues, writeValues } from '#engine/checkpoint';
import type { Dataset } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';
import { evaluate } from '#engine/evaluate';
import { rateAt } from '#engine/optimizers';
import { type TrainingPlan, trainingPlan } from '#engine/plan';
import { collectModel } from '#engine/plan/parameters';
import { teacherLogits } from '#engine/teachers';
import { makeTrainControl, type TrainControl } from '#engine/train-control';

/** Validation images looked at within an epoch, and at its end. */
const GLANCE = 1000;
const EPOCH_GLANCE = 2000;
/** At most about this share of the time goes into validation within an epoch. */
const GLANCE_SHARE = 0.1;
/** Milliseconds between two checkpoints. */
const CHECKPOINT_EVERY = 3000;

export interface TrainProgress {
  readonly point: TrainPoint;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  readonly state: 'running' | 'paused';
}
export interface TrainOptions {
  readonly signal?: AbortSignal | undefined;
  readonly control?: TrainControl | undefined;
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
  /** Share done of what comes before the first step (a teacher's logits). */
  readonly onPrepare?: ((done: number) => void) | undefined;
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
  const { signal, control = makeTrainControl(), between = breathe, now = () => performance.now() } = options;
  assertFits(objective.model, dataset);
  const images = dataset.splits.train;
  const batch = Math.min(Math.max(1, Math.floor(objective.batchSize)), images.count);
  const perEpoch = Math.floor(images.count / batch);
  const totalSteps = perEpoch * objective.epochs;
  const plan = trainingPlan(objective, batch);
  const program = await backend.compile(plan.plan);
  try {
    for (const { slot, data } of plan.writes) program.write(slot, data);
    const feed = await makeFeed(backend, objective, dataset, plan, program, options);
    const from = options.from && writeValues(program, plan, options.from.values) ? options.from : null;
    const meter = makeMeter(program, plan, totalSteps, perEpoch, options.reportEvery ?? 250, now, from);
    const shuffle = seededRandom(derivedSeed(objective.seed, 'order'));
    let step = from?.step ?? 0;
    let stopped = false;
    let checked = now();
    let glanced = now();
    let glanceCost = 0;
    const glance = async (count: number): Promise<Partial<TrainPoint>> => {
      if (options.validate === false) return {};
      const begun = now();
      const seen = await validation(
        backend,
        await currentModel(objective.model, plan, program, unnamed),
        dataset,
        count,
        control,
        between,
        signal,
      );
      glanced = now();
      glanceCost = glanced - begun;
      meter.leaveOut(glanceCost);
      return seen;
    };
    for (let epoch = 0; epoch < objective.epochs && !stopped; epoch++) {
      const order = shuffledIndices(images.count, shuffle);
      for (let i = Math.max(0, step - epoch * perEpoch); i < perEpoch; i++) {
        const asked = now();
        if (!(await control.next(signal))) {
          stopped = true;
          break;
        }
        meter.leaveOut(now() - asked);
        feed(order, i * batch, rateAt(objective, step, totalSteps), step);
        program.run();
        step++;
        const last = i === perEpoch - 1;
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
        if (options.onCheckpoint && (paused || now() - checked >= (options.checkpointEvery ?? CHECKPOINT_EVERY))) {
          const values = await readValues(program, plan);
          options.onCheckpoint({ step, epoch: step / perEpoch, seconds: meter.seconds(), values });
          checked = now();
        }
        await between();
      }
    }
    if (step > (from?.step ?? 0)) await meter.read(step);
    const model = await currentModel(objective.model, plan, program, makeTensor);
    return { model, stopped, seconds: meter.seconds(), steps: step };
  } finally {
    program.dispose();
  }
}

/** Writes one batch: images, labels, the rate, dropout noise, the teachers' logits. */
type Feed = (order: Uint32Array, begin: number, rate: number, step: number) => void;

async function makeFeed(
  backend: Backend,
  objective: Objective,
  dataset: Dataset,
  plan: TrainingPlan,
  program: Program,
  options: TrainOptions,
): Promise<Feed> {
  const { batch, classes } = plan;
  const pixels = new Float32Array(batch * imageSize(dataset));
  const labels = new Float32Array(batch);
  const noises = plan.noises.map((noise) => ({ ...noise, data: new Float32Array(noise.size) }));
  const teachers: { slot: number; all: Float32Array; data: Float32Array }[] = [];
  for (const { slot, model } of plan.teachers) {
    const evaluateOptions = { signal: options.signal, between: options.between, onProgress: options.onPrepare };
    teachers.push({
      slot,
      all: await teacherLogits(backend, model, dataset, evaluateOptions),
      data: new Float32Array(batch * classes),
    });
  }
  return (order, begin, rate, step) => {
    fillBatch(dataset, dataset.splits.train, (i) => order[begin + i] as number, batch, pixels, labels);
    program.write(plan.input, pixels);
    program.write(plan.labels, labels);
    program.write(plan.rate, Float32Array.of(rate));
    // Noise follows from the step, so that a run can go on from any of them.
    const noiseRandom = seededRandom(derivedSeed(objective.seed, `dropout ${step}`));
    for (const { slot, rate: dropped, data } of noises) {
      const kept = 1 / (1 - dropped);
      for (let i = 0; i < data.length; i++) data[i] = noiseRandom() < dropped ? 0 : kept;
      program.write(slot, data);
    }
    for (const { slot, all, data } of teachers) {
      for (let i = 0; i < batch; i++) {
        const row = order[begin + i] as number;
        data.set(all.subarray(row * classes, (row + 1) * classes), i * classes);
      }
      program.write(slot, data);
    }
  };
}

type Figures = Omit<TrainProgress, 'state'>;
interface Meter {
  /** Whether the figures should be read after this step. */
  due(): boolean;
  read(step: number): Promise<Figures>;
  /** Takes time out of the speed that is shown. */
  leaveOut(milliseconds: number): void;
  /** Of work so far. */
  seconds(): number;
}

/**
 * Reads loss and accuracy since the last reading. How many steps lie between two readings follows from the speed seen
 * between the last two, so that a GPU, which only queues work, is never more than one interval behind.
 */
function makeMeter(
  program: Program,
  plan: TrainingPlan,
  totalSteps: number,
  perEpoch: number,
  every: number,
  now: () => number,
  from: Checkpoint | null,
): Meter {
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
      const [loss, correct, weight] = (await program.read(plan.sums)) as unknown as [number, number, number];
      if (!Number.isFinite(loss)) throw diverged();
      program.write(plan.sums, new Float32Array(3));
      const milliseconds = Math.max(0.001, now() - begun - left);
      const steps = step - before;
      before = step;
      const perSecond = (steps * plan.batch * 1000) / milliseconds;
      const ahead = Math.max(1, Math.round((every * steps) / milliseconds));
      interval = Math.min(ahead, 2 * interval);
      worked += milliseconds;
      begun = now();
      left = 0;
      since = 0;
      last = {
        point: { step, epoch: step / perEpoch, trainLoss: loss / weight, trainAccuracy: correct / weight },
        totalSteps,
        imagesPerSecond: perSecond,
        secondsLeft: ((totalSteps - step) * plan.batch) / perSecond,
      };
      return last;
    },
    leaveOut(milliseconds) {
      left += milliseconds;
    },
    seconds: () => worked / 1000,
  };
}

/** The model as it stands. */
async function currentModel(
  model: Model,
  plan: TrainingPlan,
  program: Program,
  make: typeof makeTensor,
): Promise<Model> {
  const contents: Float32Array[] = [];
  for (const { slot } of plan.trained) contents.push(await program.read(slot));
  return collectModel(model, plan.trained, contents, make);
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

function diverged(): EngineError {
  return new EngineError('diverged', {
    en: 'The loss is no longer a number: training ran away. The learning rate is probably too high; try a tenth of it.',
    zh: '损失值已不是有效数字：训练发散了。学习率可能过高，请尝试将其降到十分之一。',
  });
}
