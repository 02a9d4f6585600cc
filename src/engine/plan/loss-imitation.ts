/**
 * Loss terms by which a student's values are drawn to a teacher's: the squared error of logits (Ba and Caruana 2014),
 * hints (Romero 2015, FitNets) and attention maps (Zagoruyko 2017). Put together from the plan's usual operations, each
 * with its gradient. What matters for attention is each image's map over the pixels, so its steps work on [pixels, images]:
 * lengths are then sums over columns, and dividing by them is what batch normalisation with given statistics does.
 */
import { sameShape } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';
import { LINEAR } from '#engine/ops';
import { type Builder, binary, product, reshaped, scaled } from '#engine/plan/builder';
import { reverse } from '#engine/plan/reverse';

/** A term in the plan. */
export interface TermSteps {
  /** [batch]: each image's loss, without the term's weight. */
  readonly loss: SlotId;
  /** Gradients of what is minimised, by the slot that they belong to. */
  readonly gradients: readonly (readonly [SlotId, SlotId])[];
  /** What is trained for this term only: slots that the optimiser moves, with their gradients. */
  readonly extra: readonly (readonly [SlotId, SlotId])[];
}
/** How much of an image's loss is minimised: `factor` (the term's weight over the batch) times `counts` ([batch]). */
export interface Portion {
  readonly factor: number;
  readonly counts: SlotId;
}

/** The mean over the classes of (teacher - student)^2; both [batch, classes]. */
export function logitErrorSteps(b: Builder, student: SlotId, teacher: SlotId, portion: Portion): TermSteps {
  const { loss, gradient } = meanSquare(b, student, teacher, portion);
  return { loss, gradients: [[student, gradient]], extra: [] };
}

/** The mean squared error of a regressor on the student's values; `names` are for what is told and for the seed. */
export function hintSteps(
  b: Builder,
  student: SlotId,
  teacher: SlotId,
  portion: Portion,
  names: { readonly studentLayer: string; readonly teacherLayer: string },
  seed: number,
): TermSteps {
  const [from, to] = [b.shape(student), b.shape(teacher)];
  const batch = from[0] as number;
  const images = from.length === 4 && to.length === 4;
  const [down, right] = images ? [side(from, 1) - side(to, 1) + 1, side(from, 2) - side(to, 2) + 1] : [1, 1];
  if (down < 1 || right < 1) throw smaller(names);
  const [features, units] = images ? [side(from, 3), side(to, 3)] : [sizeOf(from) / batch, sizeOf(to) / batch];
  const kernel = b.persistent(
    images ? [down, right, features, units] : [features, units],
    glorot(down * right, features, units, derivedSeed(seed, `regressor ${names.studentLayer} ${names.teacherLayer}`)),
  );
  const bias = b.persistent([units]);
  const begin = b.steps.length;
  const predicted = images
    ? b.push(
        { kind: 'conv2d', window: { strides: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] }, act: LINEAR },
        [student, kernel, bias],
        to,
      )
    : b.push(
        { kind: 'matmul', transposeA: false, transposeB: false, act: LINEAR },
        [reshaped(b, student, [batch, features]), kernel, bias],
        [batch, units],
      );
  const steps = b.steps.slice(begin);
  const { loss, gradient } = meanSquare(b, predicted, teacher, portion);
  const found = reverse(b, steps, new Map([[predicted, gradient]]), new Set([student, kernel, bias]));
  const pair = (slot: SlotId): readonly [SlotId, SlotId] => [slot, found.get(slot) as SlotId];
  return { loss, gradients: [pair(student)], extra: [pair(kernel), pair(bias)] };
}

/** The squared distance of the two layers' maps, each of length 1 for each image. */
export function attentionSteps(
  b: Builder,
  student: SlotId,
  teacher: SlotId,
  portion: Portion,
  names: { readonly studentLayer: string; readonly teacherLayer: string },
): TermSteps {
  const [from, to] = [b.shape(student), b.shape(teacher)];
  if (from.length !== 4 || to.length !== 4 || !sameShape(from.slice(0, 3), to.slice(0, 3))) throw noMap(names);
  const batch = from[0] as number;
  const identity = b.persistent([batch, batch], eye(batch));
  const own = unitMap(b, student, identity);
  const wanted = unitMap(b, teacher, identity);
  const difference = binary(b, 'subtract', own.unit, wanted.unit);
  const squares = binary(b, 'multiply', difference, difference);
  const loss = reshaped(b, columnTotals(b, squares), [batch]);
  // Of u = q / |q| only what is at right angles to u changes with q: dq = (du - u (u . du)) / |q|.
  const counts = reshaped(b, portion.counts, [1, batch]);
  const towards = binary(b, 'multiply', scaled(b, difference, 2 * portion.factor), counts);
  const along = columnTotals(b, binary(b, 'multiply', own.unit, towards));
  const across = binary(b, 'subtract', towards, binary(b, 'multiply', own.unit, along));
  const turned = b.push(
    { kind: 'batchNormGrad', epsilon: TINY },
    [own.ones, own.squaredLength, across],
    b.shape(across),
  );
  const map = reshaped(b, product(b, identity, turned, false, true), [...from.slice(0, 3), 1]);
  return { loss, gradients: [[student, scaled(b, binary(b, 'multiply', student, map), 2)]], extra: [] };
}

/** Squared lengths below it count as it: an image whose map is all 0 has no direction. */
const TINY = 1e-20;

/** A layer's map of each image, as columns of length 1: [pixels, batch]. */
function unitMap(
  b: Builder,
  values: SlotId,
  identity: SlotId,
): { readonly unit: SlotId; readonly squaredLength: SlotId; readonly ones: SlotId } {
  const [batch, height, width, channels] = b.shape(values) as [number, number, number, number];
  const squares = binary(b, 'multiply', values, values);
  const sums = channels === 1 ? squares : b.push({ kind: 'sumTo' }, [squares], [batch, height, width, 1]);
  const map = product(b, reshaped(b, sums, [batch, height * width]), identity, true, false);
  const squaredLength = reshaped(b, columnTotals(b, binary(b, 'multiply', map, map)), [batch]);
  const ones = b.persistent([batch], new Float32Array(batch).fill(1));
  const zeros = b.persistent([batch]);
  const inputs = [map, ones, zeros, zeros, squaredLength];
  return { unit: b.push({ kind: 'batchNorm', epsilon: TINY }, inputs, b.shape(map)), squaredLength, ones };
}

/** Sums of [rows, columns] over the rows: [1, columns]. */
function columnTotals(b: Builder, x: SlotId): SlotId {
  return b.push({ kind: 'sumTo' }, [x], [1, side(b.shape(x), 1)]);
}

/** The mean of (predicted - target)^2 over an image's values, and its gradient by `predicted`. */
function meanSquare(
  b: Builder,
  predicted: SlotId,
  target: SlotId,
  { factor, counts }: Portion,
): { readonly loss: SlotId; readonly gradient: SlotId } {
  const shape = b.shape(predicted);
  const batch = shape[0] as number;
  const size = sizeOf(shape) / batch;
  const flat = (x: SlotId): SlotId => reshaped(b, x, [batch, size]);
  const difference = binary(b, 'subtract', flat(predicted), flat(target));
  const sums = b.push({ kind: 'sumTo' }, [binary(b, 'multiply', difference, difference)], [batch, 1]);
  const loss = reshaped(b, scaled(b, sums, 1 / size), [batch]);
  const weighted = binary(b, 'multiply', scaled(b, difference, (2 * factor) / size), reshaped(b, counts, [batch, 1]));
  return { loss, gradient: reshaped(b, weighted, shape) };
}

const side = (shape: readonly number[], axis: number): number => shape[axis] as number;

function eye(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** Uniform, as wide as keeps the variance of what goes through (Glorot and Bengio 2010). */
function glorot(area: number, features: number, units: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  const limit = Math.sqrt(6 / (area * (features + units)));
  return Float32Array.from({ length: area * features * units }, () => (2 * random() - 1) * limit);
}

function smaller({ studentLayer, teacherLayer }: { studentLayer: string; teacherLayer: string }): EngineError {
  return new EngineError('plan', {
    en: `The student's layer ${studentLayer} gives a smaller image than the teacher's layer ${teacherLayer}: choose an earlier layer of the student or a later one of the teacher.`,
    zh: `学生的层 ${studentLayer} 输出的图像比教师的层 ${teacherLayer} 小：请选择学生更靠前的层，或教师更靠后的层。`,
  });
}

function noMap({ studentLayer, teacherLayer }: { studentLayer: string; teacherLayer: string }): EngineError {
  return new EngineError('plan', {
    en: `Attention compares images of the same height and width; the student's layer ${studentLayer} and the teacher's layer ${teacherLayer} do not give such.`,
    zh: `注意力比较的是高和宽相同的图像；学生的层 ${studentLayer} 与教师的层 ${teacherLayer} 的输出不满足这一点。`,
  });
}
