/**
 * What every step of a training run is given: its images (moved where that is asked for, or noise), their labels, the
 * learning rate, dropout masks and the answers of teachers. Everything follows from the seed and the step.
 */
import type { Objective } from '#core/objective';
import type { Backend, Program } from '#engine/backend';
import { imageSize } from '#engine/batches';
import type { Dataset } from '#engine/datasets/dataset';
import type { EvaluateOptions } from '#engine/evaluate';
import { fillKeepMask, NOISE_ROW, type NoiseKey, noiseKey, noisePixel, shiftOf } from '#engine/noise';
import type { TrainingPlan } from '#engine/plan';
import type { GatheredBatch } from '#engine/plan/gather';
import type { Selection } from '#engine/selection';
import { teacherAnswers } from '#engine/teachers';

/** Puts in what a step reads; `rate` is its learning rate, `done` the share of the run behind it. */
export type Feed = (step: number, rate: number, done: number) => void;

export async function makeFeed(
  backend: Backend,
  objective: Objective,
  dataset: Dataset,
  selection: Selection,
  plan: TrainingPlan,
  program: Program,
  options: EvaluateOptions,
): Promise<Feed> {
  if (plan.gathered) return residentFeed(backend, objective, dataset, selection, plan, plan.gathered, program, options);
  const { batch, classes } = plan;
  const shift = Math.floor(objective.augment?.shift ?? 0);
  const { labels: known } = dataset.splits.train;
  const rows = new Float32Array(batch);
  const pixels = new Float32Array(batch * imageSize(dataset));
  const labels = new Float32Array(batch);
  const noises = plan.noises.map((noise) => ({ ...noise, mask: new Float32Array(noise.size) }));
  const teachers: { slot: number; all: Float32Array; data: Float32Array }[] = [];
  for (const { slot, ...asked } of plan.teachers) {
    const all = await teacherAnswers(backend, asked, dataset, options);
    teachers.push({ slot, all, data: new Float32Array(batch * classes) });
  }
  const weigh = sampleWeights(objective, plan, program);
  return (step, rate, done) => {
    const key = noiseKey(objective.seed, step);
    selection.fill(rows, step);
    for (let i = 0; i < batch; i++) {
      const row = rows[i] as number;
      labels[i] = row === NOISE_ROW ? classes : (known[row] as number);
    }
    weigh?.(rows);
    fillTrainingImages(dataset, rows, key, shift, pixels);
    program.write(plan.input, pixels);
    program.write(plan.labels, labels);
    writeCourse(plan, program, rate, done);
    for (const [number, { slot, rate: dropped, mask }] of noises.entries()) {
      fillKeepMask(mask, key, number, dropped);
      program.write(slot, mask);
    }
    for (const { slot, all, data } of teachers) {
      for (let i = 0; i < batch; i++) {
        const row = rows[i] as number;
        data.set(all.subarray(row * classes, (row + 1) * classes), i * classes);
      }
      program.write(slot, data);
    }
  };
}

/** Where the plan puts batches together: labels and answers go there once, then rows, a key and the rate for every step. */
async function residentFeed(
  backend: Backend,
  objective: Objective,
  dataset: Dataset,
  selection: Selection,
  plan: TrainingPlan,
  gathered: GatheredBatch,
  program: Program,
  options: EvaluateOptions,
): Promise<Feed> {
  program.write(gathered.labels, Float32Array.from(dataset.splits.train.labels));
  for (const { slot, ...asked } of gathered.answers)
    program.write(slot, await teacherAnswers(backend, asked, dataset, options));
  const rows = new Float32Array(plan.batch);
  const weigh = sampleWeights(objective, plan, program);
  return (step, rate, done) => {
    const [first, second] = noiseKey(objective.seed, step);
    selection.fill(rows, step);
    weigh?.(rows);
    program.write(gathered.rows, rows);
    program.write(gathered.key, Float32Array.of(first >>> 16, first & 0xffff, second >>> 16, second & 0xffff));
    writeCourse(plan, program, rate, done);
  };
}

/** What changes over a run by its course alone. */
function writeCourse(plan: TrainingPlan, program: Program, rate: number, done: number): void {
  program.write(plan.rate, Float32Array.of(rate));
  if (plan.done !== null) program.write(plan.done, Float32Array.of(done));
}

/** Writes how much each image of a batch counts; null where all count alike. Noise counts 1. */
function sampleWeights(
  { sampleWeights: known }: Objective,
  plan: TrainingPlan,
  program: Program,
): ((rows: Float32Array) => void) | null {
  if (!known) return null;
  const weights = new Float32Array(plan.batch);
  return (rows) => {
    for (let i = 0; i < weights.length; i++) weights[i] = rows[i] === NOISE_ROW ? 1 : (known[rows[i] as number] ?? 0);
    program.write(plan.weights, weights);
  };
}

/** The images in these rows as a network sees them, each moved by its own shift; zeros come in at the sides. */
export function fillTrainingImages(
  dataset: Dataset,
  rows: Float32Array,
  key: NoiseKey,
  shift: number,
  pixels: Float32Array,
): void {
  const [height, width, channels] = dataset.shape;
  // In single precision, as every backend multiplies.
  const scale = Math.fround(dataset.scale);
  const { pixels: bytes } = dataset.splits.train;
  const line = width * channels;
  const size = height * line;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const to = i * size;
    if (row === NOISE_ROW) {
      for (let p = to; p < to + size; p++) pixels[p] = noisePixel(key, p);
    } else if (shift === 0) {
      const from = row * size;
      for (let p = 0; p < size; p++) pixels[to + p] = (bytes[from + p] as number) * scale;
    } else {
      const [down, right] = shiftOf(key, i, shift);
      const skipped = right * channels;
      for (let y = 0; y < height; y++) {
        const inside = y - down >= 0 && y - down < height;
        const from = row * size + (y - down) * line - skipped;
        for (let x = 0; x < line; x++) {
          const seen = inside && x - skipped >= 0 && x - skipped < line;
          pixels[to + y * line + x] = seen ? (bytes[from + x] as number) * scale : 0;
        }
      }
    }
  }
}
