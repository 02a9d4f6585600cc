/**
 * How long one image takes on this device: written, run and read back, after a warm-up. Clocks tick coarsely (5 to 100
 * microseconds, against timing attacks), so one sample is as many runs together as last at least two milliseconds.
 */
import { timingOf } from '#core/metrics/timing';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { Backend, BackendId } from '#engine/backend';
import { breathe } from '#engine/breathe';
import { borrowRunner } from '#engine/inference';

const WARM_UP = 5;
const SAMPLES = 30;
/** Milliseconds that a sample lasts at least. */
const SAMPLE = 2;
/** Runs in one sample at most: a clock that stands still must not hold the page up for ever. */
const MOST_TOGETHER = 4096;

export interface LatencyResult {
  readonly backend: BackendId;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Samples; where one image takes less than two milliseconds, each is the mean of several runs. */
  readonly runs: number;
}

/** Milliseconds for one image; nothing else should be running. Rejects with the signal's reason between two samples. */
export async function measureLatency(
  backend: Backend,
  model: Model,
  signal?: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<LatencyResult> {
  const random = seededRandom(1);
  const image = Float32Array.from({ length: sizeOf(shapesOf(model)[model.inputs[0] as string] ?? []) }, random);
  const runner = await borrowRunner(backend, model, 1);
  /** Milliseconds that `together` runs take. */
  const sample = async (together: number): Promise<number> => {
    await breathe();
    signal?.throwIfAborted();
    const begun = now();
    for (let i = 0; i < together; i++) await runner.run(image);
    return now() - begun;
  };
  try {
    await sample(WARM_UP);
    const times: number[] = [];
    let together = 1;
    while (times.length < SAMPLES) {
      const took = await sample(together);
      if (took >= SAMPLE || together >= MOST_TOGETHER) {
        times.push(took / together);
        continue;
      }
      // Too short to be told from the clock's tick: what was measured so far is left out.
      times.length = 0;
      const needed = Math.ceil((1.2 * SAMPLE * together) / Math.max(took, SAMPLE / 16));
      together = Math.min(MOST_TOGETHER, Math.max(together + 1, needed));
    }
    const { median, p95, runs } = timingOf(times);
    return { backend: backend.id, medianMs: median, p95Ms: p95, runs };
  } finally {
    runner.release();
  }
}
