/**
 * How long one image takes on this device: written, run and read back, after a warm-up. Clocks tick coarsely (5 to 100
 * microseconds, against timing attacks), so one sample is as many runs together as last at least two milliseconds.
 */
import { timingOf } from '#core/metrics/timing';
import { sharesOf } from '#core/metrics/totals';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { Predictor, TreesPredictor } from '#core/predictor';
import type { Backend, BackendId } from '#engine/backend';
import { breathe } from '#engine/breathe';
import { borrowRunner } from '#engine/inference';
import { startTrees } from '#engine/trees';

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

/**
 * Milliseconds for one image; nothing else should be running. Members of an ensemble are run one after another; one that
 * is not always asked counts by the share of images for which it is. Rejects with the signal's reason between two samples.
 */
export async function measureLatency(
  backend: Backend,
  predictor: Predictor,
  signal?: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<LatencyResult> {
  const times = new Array<number>(SAMPLES).fill(0);
  for (const [leaf, share] of sharesOf(predictor)) {
    // A member that is never asked takes no time.
    if (share === 0) continue;
    const own = await timesOf(backend, leaf, signal, now);
    for (const [i, time] of own.entries()) times[i] = (times[i] as number) + share * time;
  }
  const { median, p95, runs } = timingOf(times);
  return { backend: backend.id, medianMs: median, p95Ms: p95, runs };
}

/** [SAMPLES]: milliseconds for one image, a sample each. */
async function timesOf(
  backend: Backend,
  leaf: Model | TreesPredictor,
  signal: AbortSignal | undefined,
  now: () => number,
): Promise<readonly number[]> {
  const random = seededRandom(1);
  const image = Float32Array.from({ length: sizeOf(inputOf(leaf)) }, random);
  const runner = 'layers' in leaf ? await borrowRunner(backend, leaf, 1) : await startTrees(backend, leaf);
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
    return times;
  } finally {
    runner.release();
  }
}

/** The shape of an image, without the batch. */
function inputOf(leaf: Model | TreesPredictor): readonly number[] {
  return 'layers' in leaf ? (shapesOf(leaf)[leaf.inputs[0] as string] ?? []) : leaf.shape;
}
