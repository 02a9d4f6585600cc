/**
 * Writing what a pruning pass decided on a tensor: pruned weights become 0 and the mask says which; earlier masks,
 * grids and codebooks are kept. Every pass that prunes single weights ends here, whatever it ranks them by.
 */
import { type Encoding, type Mask, signGrid, usedCodebook } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';

/**
 * The tensor with only those weights left for which `kept` is 1 and that were left before; the same tensor where nothing is
 * lost. Without branches, which nobody can foretell here: a slider waits for it.
 */
export function maskedTensor(tensor: Tensor, kept: Mask): Tensor {
  const { shape, encoding } = tensor;
  const before = encoding.mask;
  const data = tensor.data.slice();
  const bits = new Int32Array(data.buffer);
  const mask: Mask = new Uint8Array(data.length);
  let lost = 0;
  for (let i = 0; i < mask.length; i++) {
    const was = before ? (before[i] as number) : 1;
    const is = (kept[i] as number) & was;
    mask[i] = is;
    bits[i] = (bits[i] as number) & -is;
    lost += was - is;
  }
  return lost === 0 ? tensor : makeTensor(shape, data, { mask, values: keptValues(encoding, data, shape, mask) });
}

/** How many weights of a tensor are pruned. */
export function prunedCount({ encoding }: Tensor): number {
  let count = 0;
  for (const one of encoding.mask ?? []) if (!one) count++;
  return count;
}

/** Notes on the layers that a pass left without any weight. */
export function emptiedNotes(
  before: ReadonlyMap<string, Tensor>,
  after: ReadonlyMap<string, Tensor>,
): readonly Words[] {
  const notes: Words[] = [];
  for (const [name, tensor] of after) {
    if (tensor === before.get(name) || prunedCount(tensor) < tensor.data.length) continue;
    notes.push({
      en: `Every weight of ${name} is pruned: nothing passes through this layer any more.`,
      zh: `${name} 的所有权重都被剪去：不再有信息通过这一层。`,
    });
  }
  return notes;
}

/**
 * A grid stays as it is, since 0 is on every grid, and so do halves; two signs become the grid that has 0 between them;
 * a codebook loses the centroids that have no members left.
 */
function keptValues(
  { values }: Encoding,
  data: Float32Array,
  shape: readonly number[],
  mask: Mask,
): Encoding['values'] {
  if (values.kind === 'binary') return signGrid(values);
  return values.kind === 'codebook' ? usedCodebook(values, data, shape, mask) : values;
}
