/**
 * Evaluating a model that differs from another one only from some layer on: what that layer is given is kept, batch by
 * batch, so that only the changed part is computed. Where memory is near (WebAssembly, JavaScript): on a graphics card
 * carrying the values there and back would cost more than computing them.
 */
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { ChoosingSplit } from '#core/predictor';
import type { Backend } from '#engine/backend';
import { assertFits, fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import { cutAtFirstChange } from '#engine/cut';
import type { Dataset } from '#engine/datasets/dataset';
import { EVALUATION_BATCH, type EvaluateOptions, type Evaluation, evaluate, judge } from '#engine/evaluate';
import { borrowRunner, type Runner } from '#engine/inference';

/** Bytes of activations that are kept. */
const BUDGET = 256_000_000;

/** Arrays by group and number within it, bounded in bytes: the groups longest unused go first. */
export interface ArrayStore {
  get(group: string, number: number): Float32Array | undefined;
  /** Keeps the array, unless its own group alone fills the store: what is there of it serves better than what comes. */
  set(group: string, number: number, array: Float32Array): void;
  /** Bytes kept. */
  bytes(): number;
}

export function makeArrayStore(budget: number): ArrayStore {
  /** Least recently used first. */
  const groups = new Map<string, Map<number, Float32Array>>();
  let bytes = 0;
  const touch = (name: string): Map<number, Float32Array> | undefined => {
    const group = groups.get(name);
    if (!group) return undefined;
    groups.delete(name);
    groups.set(name, group);
    return group;
  };
  const sizeOf = (group: Map<number, Float32Array>): number =>
    [...group.values()].reduce((sum, array) => sum + array.byteLength, 0);
  return {
    get: (name, number) => touch(name)?.get(number),
    set(name, number, array) {
      const own = touch(name) ?? new Map<number, Float32Array>();
      for (const [other, group] of groups) {
        if (bytes + array.byteLength <= budget) break;
        if (other === name) continue;
        groups.delete(other);
        bytes -= sizeOf(group);
      }
      const before = own.get(number)?.byteLength ?? 0;
      if (bytes - before + array.byteLength > budget) return;
      groups.set(name, own);
      own.set(number, array);
      bytes += array.byteLength - before;
    },
    bytes: () => bytes,
  };
}

const stores = new WeakMap<Backend, ArrayStore>();

/** The same as `evaluate` gives for `changed`, byte for byte; faster where its first layers are those of `base`. */
export async function evaluateChanged(
  backend: Backend,
  base: Model,
  changed: Model,
  dataset: Dataset,
  split: ChoosingSplit,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const isNear = backend.id === 'wasm' || backend.id === 'cpu';
  const cut = isNear ? cutAtFirstChange(base, changed) : null;
  // Whole batches only, so that what is kept serves every later question.
  if (!cut || (options.from ?? 0) % EVALUATION_BATCH !== 0)
    return evaluate(backend, { kind: 'model', model: changed }, dataset, split, options);
  assertFits(changed, dataset);
  const { signal, between = breathe } = options;
  const store = stores.get(backend) ?? makeArrayStore(BUDGET);
  stores.set(backend, store);
  const images = dataset.splits[split];
  const from = Math.min(options.from ?? 0, images.count);
  const count = Math.min(images.count - from, options.images ?? images.count);
  const group = `${modelId(cut.before)} ${dataset.id} ${split}`;
  const pixels = new Float32Array(EVALUATION_BATCH * imageSize(dataset));
  const after = await borrowRunner(backend, cut.after, EVALUATION_BATCH);
  let before: Runner | null = null;
  try {
    const logits = new Float32Array(count * after.classes);
    for (let done = 0; done < count; done += EVALUATION_BATCH) {
      signal?.throwIfAborted();
      const first = from + done;
      // A batch is filled up with later images, so that it is the same whoever asks for how many of them.
      const rows = Math.min(EVALUATION_BATCH, images.count - first);
      let given = store.get(group, first);
      if (!given) {
        before ??= await borrowRunner(backend, cut.before, EVALUATION_BATCH);
        fillBatch(dataset, images, (i) => first + i, rows, pixels);
        given = await before.run(pixels);
        store.set(group, first, given);
      }
      const output = await after.run(given);
      const wanted = Math.min(EVALUATION_BATCH, count - done);
      logits.set(output.subarray(0, wanted * after.classes), done * after.classes);
      options.onProgress?.(Math.min(1, (done + wanted) / count));
      await between();
    }
    signal?.throwIfAborted();
    return judge(logits, images.labels.subarray(from), dataset.classes.length);
  } finally {
    before?.release();
    after.release();
  }
}
