/**
 * Looking inside a model while training images run through it: values at chosen places, and their gradients and those
 * of every tensor. Which images follows from the seed alone, so that a step that is done again sees the same ones.
 */

import type { Model } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import { derivedSeed, seededRandom, shuffledIndices } from '#core/numeric/random';
import type { CapturedBatch, CaptureRequest } from '#core/pass';
import type { Backend, SlotId } from '#engine/backend';
import { assertFits, fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import type { Dataset } from '#engine/datasets/dataset';
import { capturePlan } from '#engine/plan/capture';

export interface CaptureOptions {
  /** Chooses the images. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Awaited between batches, so that something more urgent can go first. */
  readonly between?: (() => Promise<void>) | undefined;
}

const BATCH = 64;

/** Visits every batch in turn. Throws EngineError ('data', 'plan'), BackendError, or the signal's reason. */
export async function capture(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  request: CaptureRequest,
  visit: (batch: CapturedBatch) => void | Promise<void>,
  options: CaptureOptions,
): Promise<void> {
  const { signal, between = breathe } = options;
  assertFits(model, dataset);
  const images = dataset.splits.train;
  const count = Math.min(Math.floor(request.images), images.count);
  if (count < 1) return;
  const batch = Math.min(Math.max(1, Math.floor(request.batch ?? BATCH)), count);
  const order = shuffledIndices(images.count, seededRandom(derivedSeed(options.seed, 'capture')));
  const { plan, input, values, reverse, writes } = capturePlan(model, batch, request.taps, request.gradients ?? false);
  signal?.throwIfAborted();
  const program = await backend.compile(plan);
  try {
    for (const { slot, data } of writes) program.write(slot, data);
    const pixels = new Float32Array(batch * imageSize(dataset));
    const labels = new Float32Array(batch);
    const rowsOf = async (slot: SlotId, rows: number): Promise<Float32Array> => {
      const all = await program.read(slot);
      return rows === batch ? all : all.subarray(0, (all.length / batch) * rows);
    };
    for (let done = 0; done < count; done += batch) {
      signal?.throwIfAborted();
      const rows = Math.min(batch, count - done);
      fillBatch(dataset, images, (i) => order[done + i] as number, rows, pixels, labels);
      program.write(input, pixels);
      if (reverse) {
        program.write(reverse.labels, labels);
        program.write(reverse.shares, new Float32Array(batch).fill(1 / rows, 0, rows));
      }
      program.run();
      const seen: Float32Array[] = [];
      for (const slot of values) seen.push(await rowsOf(slot, rows));
      const gradients: Float32Array[] = [];
      const weights = new Map<string, Float32Array>();
      for (const [i, slot] of (reverse?.taps ?? []).entries()) {
        gradients.push(slot === null ? new Float32Array((seen[i] as Float32Array).length) : await rowsOf(slot, rows));
      }
      for (const { layer, role, slot, tensor } of reverse?.tensors ?? []) {
        weights.set(
          `${layer}/${role}`,
          slot === null ? new Float32Array(sizeOf(plan.slots[tensor]?.shape ?? [])) : await program.read(slot),
        );
      }
      await visit({ images: rows, labels: labels.subarray(0, rows), values: seen, gradients, weights });
      await between();
    }
  } finally {
    program.dispose();
  }
}
