/** How long one image takes on this device: 30 runs one after the other, written, run and read back, after a warm-up. */
import { timingOf } from '#core/metrics/timing';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { Backend, BackendId } from '#engine/backend';
import { borrowRunner } from '#engine/inference';

const WARM_UP = 5;
const RUNS = 30;

export interface LatencyResult {
  readonly backend: BackendId;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly runs: number;
}

/** Milliseconds for one image; nothing else should be running. */
export async function measureLatency(
  backend: Backend,
  model: Model,
  signal?: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<LatencyResult> {
  const random = seededRandom(1);
  const image = Float32Array.from({ length: sizeOf(shapesOf(model)[model.inputs[0] as string] ?? []) }, random);
  const runner = await borrowRunner(backend, model, 1);
  try {
    const times: number[] = [];
    for (let i = 0; i < WARM_UP + RUNS; i++) {
      signal?.throwIfAborted();
      const begun = now();
      await runner.run(image);
      if (i >= WARM_UP) times.push(now() - begun);
    }
    const { median, p95, runs } = timingOf(times);
    return { backend: backend.id, medianMs: median, p95Ms: p95, runs };
  } finally {
    runner.release();
  }
}
