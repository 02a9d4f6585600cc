/**
 * What a sketch says of the training that it leaves out. The zeros of a new layer (its biases, an identity off its diagonal, a
 * branch that begins silent) are moved by the first steps, so they count as values and as bytes. Where a mask, a grid or
 * a codebook holds a weight, it stays there.
 */
import { withTensors } from '#core/model/edit';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import { layersThatRun } from '#core/passes/shared/selection';

/** As far as a few steps move a weight, about. */
const MOVED = 0.01;

/** The changed model without the zeros that training would move; `original` is what it was made from. */
export function asTrained(changed: Model, original: Model): Model {
  const random = seededRandom(1);
  const runs = layersThatRun(changed);
  const moved = changed.layers.flatMap((layer) =>
    tensorsOf(layer).flatMap(([role, id]) => {
      const { shape, data, encoding } = changed.tensors[id] as Tensor;
      const isFree = !original.tensors[id] && !encoding.mask && encoding.values.kind === 'dense';
      if (!isFree || !runs.has(layer.name) || !data.includes(0)) return [];
      const tensor = makeTensor(
        shape,
        data.map((x) => (x === 0 ? (random() - 0.5) * MOVED : x)),
      );
      return [{ layer: layer.name, role, tensor }];
    }),
  );
  return withTensors(changed, moved);
}
