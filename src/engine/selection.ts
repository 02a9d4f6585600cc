/**
 * Which images each step of a training run shows: all of them in a seeded order, or those that the objective's data
 * leaves. Where labels and teachers look at different images, the first half of every batch is for the teachers.
 * Everything follows from the seed and the step, so that a run can go on from any of them.
 */
import { derivedSeed, seededRandom, shuffledIndices } from '#core/numeric/random';
import type { Objective } from '#core/objective';
import type { Images } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';
import { NOISE_ROW } from '#engine/noise';

export interface Selection {
  readonly batch: number;
  /** How many rows of a batch, the first ones, are for teachers only; null where every row serves every term. */
  readonly transfer: number | null;
  /** Batches of an epoch. */
  readonly perEpoch: number;
  /** Share of a batch's rows that are images, not noise. */
  readonly images: number;
  /** Puts the images of a step (rows of the training images, or NOISE_ROW) into `rows`. Steps come in ascending order. */
  fill(rows: Float32Array, step: number): void;
}

/** Throws EngineError('data') where no image is left. */
export function selectImages(objective: Objective, images: Images): Selection {
  const { data, loss, seed } = objective;
  const pool = indicesOf(images, data?.without ?? [], data?.rows);
  if (pool.length === 0) throw nothingToShow();
  const labelled = data?.labelled === undefined ? pool : stratified(images, pool, data.labelled, seed);
  const taught = loss.some((term) => 'teacher' in term && term.weight > 0);
  const told = loss.some((term) => !('teacher' in term) && term.weight > 0);
  const transfer = taught ? (data?.transfer ?? 'labelled') : 'labelled';
  const noisy = transfer === 'noise';
  const apart = told && (noisy || (transfer === 'all' && labelled.length < pool.length));
  if (apart && objective.sampleWeights) throw weighedApart();
  const shown = transfer === 'labelled' ? labelled : pool;
  const batch = Math.max(apart ? 2 : 1, Math.min(Math.floor(objective.batchSize), shown.length));
  const teachers = apart ? Math.ceil(batch / 2) : batch;
  const perEpoch = Math.floor(shown.length / teachers);
  const shuffle = seededRandom(derivedSeed(seed, 'order'));
  const main = inOrder(shown, () => shuffle);
  const side = inOrder(labelled, (round) => seededRandom(derivedSeed(seed, `labelled ${round}`)));
  return {
    batch,
    transfer: apart ? teachers : null,
    perEpoch,
    images: noisy ? (batch - teachers) / batch : 1,
    fill(rows, step) {
      const first = rows.subarray(0, teachers);
      if (noisy) first.fill(NOISE_ROW);
      else main(Math.floor(step / perEpoch), (step % perEpoch) * teachers, first);
      const rest = rows.subarray(teachers);
      // The images with labels go round and round, each time in a new order.
      for (let i = 0; i < rest.length; ) {
        const at = step * rest.length + i;
        const place = at % labelled.length;
        const count = Math.min(rest.length - i, labelled.length - place);
        side(Math.floor(at / labelled.length), place, rest.subarray(i, i + count));
        i += count;
      }
    },
  };
}

function weighedApart(): EngineError {
  return new EngineError('data', {
    en: 'Images cannot be weighted where labels and teachers look at different ones.',
    zh: '当标签和教师使用不同的图片时，无法为图片加权。',
  });
}

/** Fills rows from a place on in a round's order; rounds come one after another. */
function inOrder(
  pool: Uint32Array,
  randomOf: (round: number) => () => number,
): (round: number, begin: number, rows: Float32Array) => void {
  let now = -1;
  let order = new Uint32Array(0);
  return (round, begin, rows) => {
    while (now < round) order = shuffledIndices(pool.length, randomOf(++now)) as Uint32Array<ArrayBuffer>;
    for (let i = 0; i < rows.length; i++) rows[i] = pool[order[begin + i] as number] as number;
  };
}

/** Throws RangeError for a row that is no training image. */
function indicesOf({ count, labels }: Images, without: readonly number[], rows?: Uint32Array): Uint32Array {
  const all = rows?.slice() ?? Uint32Array.from({ length: count }, (_, i) => i);
  const outside = all.find((row) => row >= count);
  if (outside !== undefined) throw new RangeError(`there is no training image ${outside} of ${count}`);
  return without.length > 0 ? all.filter((row) => !without.includes(labels[row] as number)) : all;
}

function nothingToShow(): EngineError {
  return new EngineError('data', {
    en: 'No training image is left to learn from: those that were chosen are all of a class that is left out. Leave out another class, or none.',
    zh: '没有可供学习的训练图片：选中的图片全都属于被去掉的类别。请换一个要去掉的类别，或不去掉任何类别。',
  });
}

/** `wanted` of the pool, by seed: of every class its share, the largest remainders rounded up. Ascending. */
function stratified({ labels }: Images, pool: Uint32Array, wanted: number, seed: number): Uint32Array {
  const count = Math.max(1, Math.min(Math.floor(wanted), pool.length));
  const classes = new Map<number, number[]>();
  for (const i of pool) {
    const label = labels[i] as number;
    const own = classes.get(label);
    if (own) own.push(i);
    else classes.set(label, [i]);
  }
  const shares = [...classes]
    .sort(([a], [b]) => a - b)
    .map(([label, own]) => ({ label, own, take: (count * own.length) / pool.length }));
  const rest = count - shares.reduce((sum, { take }) => sum + Math.floor(take), 0);
  const largest = shares.toSorted((a, b) => (b.take % 1) - (a.take % 1) || a.label - b.label).slice(0, rest);
  const chosen = shares.flatMap((share) => {
    const { label, own, take } = share;
    const order = shuffledIndices(own.length, seededRandom(derivedSeed(seed, `labels ${label}`)));
    const size = Math.floor(take) + (largest.includes(share) ? 1 : 0);
    return Array.from(order.subarray(0, size), (place) => own[place] as number);
  });
  return Uint32Array.from(chosen).sort();
}
