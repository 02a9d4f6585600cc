/**
 * The second level of stacking: multinomial logistic regression, or a network of one hidden layer (tanh), from the members'
 * probabilities to classes. Both minimise the mean log loss plus l2 / 2 times the squared weights (biases left out) by
 * L-BFGS; regression starts at 0, the network at small seeded numbers.
 */
import { minimise } from '#core/numeric/lbfgs';
import { softmaxRows } from '#core/numeric/softmax';

/** Weights as plain numbers. Without `hidden`: logits = x W + b. With it: tanh(x V + a) W + b. */
export interface SecondLevel {
  /** Units of the hidden layer; 0 for none. */
  readonly hidden: number;
  /** V [inputs, hidden] and a [hidden], then W [inputs or hidden, classes] and b [classes], row-major, one after another. */
  readonly weights: readonly number[];
}

/** Inputs, hidden units (0 for none) and classes. */
interface Shape {
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

const sizeOf = ({ inputs, hidden, classes }: Shape): number =>
  hidden > 0 ? (inputs + 1) * hidden + (hidden + 1) * classes : (inputs + 1) * classes;

/** `features` [images, inputs]; `labels` [images]. */
export function fitSecondLevel(
  features: Float64Array,
  labels: ArrayLike<number>,
  shape: Shape,
  l2: number,
  random: () => number,
): SecondLevel {
  const images = labels.length;
  const start = new Float64Array(sizeOf(shape));
  if (shape.hidden > 0) {
    const first = (shape.inputs + 1) * shape.hidden;
    const spread = (i: number): number => 1 / Math.sqrt(i < first ? shape.inputs : shape.hidden);
    for (let i = 0; i < start.length; i++) start[i] = (2 * random() - 1) * spread(i);
  }
  const { x } = minimise(start, (weights, gradient) => lossOf(features, labels, images, shape, l2, weights, gradient), {
    most: shape.hidden > 0 ? 150 : 200,
    tolerance: 1e-5,
  });
  return { hidden: shape.hidden, weights: [...x] };
}

/** Logits [images, classes]. Throws RangeError where the weights are of another shape. */
export function secondLevelLogits(
  features: Float64Array,
  images: number,
  inputs: number,
  classes: number,
  { hidden, weights }: SecondLevel,
): Float64Array {
  const shape = { inputs, hidden, classes };
  if (weights.length !== sizeOf(shape))
    throw new RangeError(`a second level of ${weights.length} weights was fitted for other members`);
  const own = Float64Array.from(weights);
  if (hidden === 0) return affine(features, images, inputs, own, 0, classes);
  const first = affine(features, images, inputs, own, 0, hidden).map(Math.tanh);
  return affine(first, images, hidden, own, (inputs + 1) * hidden, classes);
}

function lossOf(
  features: Float64Array,
  labels: ArrayLike<number>,
  images: number,
  { inputs, hidden, classes }: Shape,
  l2: number,
  weights: Float64Array,
  gradient: Float64Array,
): number {
  const second = hidden > 0 ? (inputs + 1) * hidden : 0;
  const inner = hidden > 0 ? affine(features, images, inputs, weights, 0, hidden).map(Math.tanh) : features;
  const width = hidden > 0 ? hidden : inputs;
  const p = softmaxRows(affine(inner, images, width, weights, second, classes), classes);
  let loss = 0;
  for (let i = 0; i < images; i++) {
    const at = i * classes + (labels[i] as number);
    loss -= Math.log(Math.max(p[at] as number, 1e-300)) / images;
    p[at] = (p[at] as number) - 1;
  }
  // p now is the gradient at the logits, times the images.
  gradient.fill(0);
  pull(inner, p, images, width, classes, gradient, second);
  if (hidden > 0) {
    const back = new Float64Array(images * hidden);
    for (let i = 0; i < images; i++) {
      for (let h = 0; h < hidden; h++) {
        let sum = 0;
        for (let c = 0; c < classes; c++)
          sum += (weights[second + h * classes + c] as number) * (p[i * classes + c] as number);
        back[i * hidden + h] = sum * (1 - (inner[i * hidden + h] as number) ** 2);
      }
    }
    pull(features, back, images, inputs, hidden, gradient, 0);
  }
  const penalise = (from: number, count: number): void => {
    for (let i = from; i < from + count; i++) {
      loss += (l2 / 2) * (weights[i] as number) ** 2;
      gradient[i] = (gradient[i] as number) + l2 * (weights[i] as number);
    }
  };
  if (hidden > 0) penalise(0, inputs * hidden);
  penalise(second, width * classes);
  return loss;
}

/** x [images, inputs] times the matrix at `from`, plus the row behind it. */
function affine(
  x: Float64Array,
  images: number,
  inputs: number,
  weights: Float64Array,
  from: number,
  outputs: number,
): Float64Array {
  const out = new Float64Array(images * outputs);
  const bias = from + inputs * outputs;
  for (let i = 0; i < images; i++) {
    const row = i * outputs;
    for (let o = 0; o < outputs; o++) out[row + o] = weights[bias + o] as number;
    for (let j = 0; j < inputs; j++) {
      const value = x[i * inputs + j] as number;
      if (value === 0) continue;
      const at = from + j * outputs;
      for (let o = 0; o < outputs; o++) out[row + o] = (out[row + o] as number) + value * (weights[at + o] as number);
    }
  }
  return out;
}

/** Adds the mean gradient of an affine map's matrix and row to `gradient` from `from` on. */
function pull(
  x: Float64Array,
  back: Float64Array,
  images: number,
  inputs: number,
  outputs: number,
  gradient: Float64Array,
  from: number,
): void {
  const bias = from + inputs * outputs;
  for (let i = 0; i < images; i++) {
    for (let o = 0; o < outputs; o++) {
      const g = (back[i * outputs + o] as number) / images;
      gradient[bias + o] = (gradient[bias + o] as number) + g;
    }
    for (let j = 0; j < inputs; j++) {
      const value = (x[i * inputs + j] as number) / images;
      if (value === 0) continue;
      const at = from + j * outputs;
      for (let o = 0; o < outputs; o++)
        gradient[at + o] = (gradient[at + o] as number) + value * (back[i * outputs + o] as number);
    }
  }
}
