/** Building small models by hand: layers in order, tensors given as shape and values (or seeded noise). */
import type { Encoding } from '#core/model/encoding';
import { type Layer, TENSOR_ROLES, type TensorRole } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor, sizeOf } from '#core/model/tensor';

export class Builder {
  readonly #tensors: Record<string, Tensor> = {};
  readonly #layers: Layer[] = [];
  readonly #random: () => number;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  /** Keeps the tensor and returns its id. Without values: noise in [-1, 1). */
  tensor(shape: readonly number[], values?: readonly number[] | number, encoding?: Encoding): string {
    const size = sizeOf(shape);
    const data = Float32Array.from({ length: size }, (_, i) =>
      values === undefined ? 2 * this.#random() - 1 : typeof values === 'number' ? values : (values[i] as number),
    );
    const tensor = makeTensor(shape, data, encoding);
    this.#tensors[tensor.id] = tensor;
    return tensor.id;
  }

  /** Appends a layer and returns its name. */
  add(layer: Layer): string {
    this.#layers.push(layer);
    return layer.name;
  }

  get count(): number {
    return this.#layers.length;
  }

  model(outputs: readonly string[] = [this.#layers.at(-1)?.name as string]): Model {
    const held = new Set(
      this.#layers.flatMap((layer) => TENSOR_ROLES.map((role) => (layer as Partial<Record<TensorRole, string>>)[role])),
    );
    return {
      name: 'test',
      layers: [...this.#layers],
      inputs: this.#layers.filter((layer) => layer.kind === 'input').map((layer) => layer.name),
      outputs,
      tensors: Object.fromEntries(Object.entries(this.#tensors).filter(([id]) => held.has(id))),
      layout: 'nhwc',
      meta: { source: 'test' },
    };
  }
}

export const LINEAR = { fn: 'linear' } as const;
export const PLAIN = { strides: [1, 1], padding: 'same', dilation: [1, 1], activation: LINEAR } as const;
