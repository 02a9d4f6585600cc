/**
 * The parts of a convolution's kernel [kh, kw, in, out], as layers. Tucker-2: kernel = core times the leading directions of the input
 * and of the output channels. Spatial: kernel [(a, i), (b, o)] = columns [(a, i), r] times rows [r, (b, o)]. Each is decomposed once at
 * full rank, and cut off at any rank after. What a rank leaves whole is not multiplied out: that side has no layer of its own.
 */
import { type Expansion, freeName } from '#core/model/edit';
import type { Conv2dLayer, Padding } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Svd, svdParts } from '#core/numeric/svd';
import { lowRankFactors } from '#core/passes/shared/factors';
import { chooseRank, energyOf, type RankValues } from '#core/passes/shared/rank';

export type Method = 'tucker' | 'spatial';
type Kernel4 = readonly [number, number, number, number];

interface Spatial {
  readonly kind: 'spatial';
  readonly kernel: Tensor;
  readonly parts: Svd;
}
interface Tucker {
  readonly kind: 'tucker';
  readonly kernel: Tensor;
  /** Of the kernel laid out as input channels by all else, and output channels by all else. */
  readonly input: Svd;
  readonly output: Svd;
  /** The kernel seen in all directions, [kh, kw, input directions, output directions]: a core of lower ranks is a part of it. */
  readonly core: Float64Array;
}
export type Decomposed = Spatial | Tucker;
/** [rank], or Tucker's [input rank, output rank]; a rank equal to the number of channels leaves that side whole. */
export type Ranks = readonly number[];

/** A 1 x 1 kernel is a matrix, whatever is asked for. */
function methodFor(shape: readonly number[], method: Method): Method {
  return shape[0] === 1 && shape[1] === 1 ? 'spatial' : method;
}

/** The sizes of the matrices whose SVD is taken. */
export function unfolding(shape: readonly number[], method: Method): readonly (readonly [number, number])[] {
  const [kh, kw, inner, outer] = shape as Kernel4;
  if (methodFor(shape, method) === 'spatial') return [[kh * inner, kw * outer]];
  return [
    [inner, kh * kw * outer],
    [outer, kh * kw * inner],
  ];
}

/** Yields how many multiplications it has done since it last did. */
export function* decompose(kernel: Tensor, method: Method): Generator<number, Decomposed> {
  const [kh, kw, inner, outer] = kernel.shape as Kernel4;
  const { data } = kernel;
  const laid = (at: (a: number, b: number, i: number, o: number) => number): Float64Array => {
    const out = new Float64Array(data.length);
    let k = 0;
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++)
        for (let i = 0; i < inner; i++) for (let o = 0; o < outer; o++) out[at(a, b, i, o)] = data[k++] as number;
    return out;
  };
  if (methodFor(kernel.shape, method) === 'spatial') {
    const matrix = laid((a, b, i, o) => (a * inner + i) * (kw * outer) + b * outer + o);
    return { kind: 'spatial', kernel, parts: yield* svdParts(matrix, kh * inner, kw * outer) };
  }
  const area = kh * kw;
  const byInput = laid((a, b, i, o) => i * area * outer + (a * kw + b) * outer + o);
  const byOutput = laid((a, b, i, o) => o * area * inner + (a * kw + b) * inner + i);
  const input = yield* svdParts(byInput, inner, area * outer);
  const output = yield* svdParts(byOutput, outer, area * inner);
  const seen = projectInput(data, area, inner, outer, input.left, input.values.length);
  const core = projectOutput(seen, outer, output.left, output.values.length);
  return { kind: 'tucker', kernel, input, output, core };
}

export function ranksOf(parts: Decomposed, values: RankValues): Ranks {
  if (parts.kind === 'spatial') return [chooseRank(values, parts.parts)];
  return [chooseRank(values, parts.input), chooseRank(values, parts.output)];
}

/** How many weights the parts hold at these ranks. */
export function weigh(parts: Decomposed, ranks: Ranks): number {
  const [kh, kw, inner, outer] = parts.kernel.shape as Kernel4;
  const [first, second] = ranks as [number, number];
  if (parts.kind === 'spatial') return first * (kh * inner + kw * outer);
  return (first < inner ? inner * first : 0) + kh * kw * first * second + (second < outer ? second * outer : 0);
}

/** The layers at these ranks, and the share of the kernel's energy that they keep. */
export function expand(
  model: Model,
  layer: Conv2dLayer,
  parts: Decomposed,
  ranks: Ranks,
): { readonly expansion: Expansion; readonly kept: number } {
  return parts.kind === 'spatial'
    ? {
        expansion: spatialLayers(model, layer, parts, ranks[0] as number),
        kept: energyOf(parts.parts, ranks[0] as number),
      }
    : tuckerLayers(model, layer, parts, ranks[0] as number, ranks[1] as number);
}

function spatialLayers(model: Model, layer: Conv2dLayer, { kernel, parts }: Spatial, rank: number): Expansion {
  const [kh, kw, inner, outer] = kernel.shape as Kernel4;
  const { first, second } = lowRankFactors(parts, rank);
  const columns = makeTensor([kh, 1, inner, rank], first);
  // [r, (b, o)] into [b, r, o].
  const turned = new Float32Array(second.length);
  for (let r = 0; r < rank; r++)
    for (let b = 0; b < kw; b++)
      turned.set(second.subarray((r * kw + b) * outer, (r * kw + b + 1) * outer), (b * rank + r) * outer);
  const rows = makeTensor([1, kw, rank, outer], turned);
  const [down, across] = splitPadding(layer.padding);
  const before: Conv2dLayer = {
    kind: 'conv2d',
    name: freeName(model, `${layer.name}_in`),
    inputs: layer.inputs,
    kernel: columns.id,
    strides: [layer.strides[0], 1],
    padding: down,
    dilation: [layer.dilation[0], 1],
    activation: { fn: 'linear' },
  };
  const after: Conv2dLayer = {
    ...layer,
    inputs: [before.name],
    kernel: rows.id,
    strides: [1, layer.strides[1]],
    padding: across,
    dilation: [1, layer.dilation[1]],
  };
  return { layers: [before, after], tensors: [columns, rows] };
}

/** The padding of the rows (up and down) and that of the columns. 'same' and 'valid' mean the same in each direction alone. */
function splitPadding(padding: Padding): readonly [Padding, Padding] {
  if (typeof padding === 'string') return [padding, padding];
  const [top, bottom, left, right] = padding;
  return [
    [top, bottom, 0, 0],
    [0, 0, left, right],
  ];
}

function tuckerLayers(
  model: Model,
  layer: Conv2dLayer,
  tucker: Tucker,
  first: number,
  second: number,
): { expansion: Expansion; kept: number } {
  const { kernel, input, output } = tucker;
  const [kh, kw, inner, outer] = kernel.shape as Kernel4;
  const narrowIn = first < inner;
  const narrowOut = second < outer;
  const values = coreValues(tucker, first, second);
  const core = makeTensor([kh, kw, first, second], Float32Array.from(values));
  const tensors = [core];
  const layers: Conv2dLayer[] = [];
  const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1] } as const;
  const linear = { activation: { fn: 'linear' } } as const;
  let { inputs } = layer;
  if (narrowIn) {
    const mix = makeTensor([1, 1, inner, first], directions(input.left, inner, first, true));
    const name = freeName(model, `${layer.name}_in`);
    layers.push({ kind: 'conv2d', name, inputs, kernel: mix.id, ...plain, ...linear });
    tensors.push(mix);
    inputs = [name];
  }
  const { strides, padding, dilation } = layer;
  if (narrowOut) {
    const mix = makeTensor([1, 1, second, outer], directions(output.left, outer, second, false));
    const name = freeName(model, `${layer.name}_core`);
    layers.push({ kind: 'conv2d', name, inputs, kernel: core.id, strides, padding, dilation, ...linear });
    layers.push({ ...layer, ...plain, inputs: [name], kernel: mix.id });
    tensors.push(mix);
  } else {
    layers.push({ ...layer, inputs, kernel: core.id });
  }
  // The directions are at right angles, so what the core holds is what is kept.
  return { expansion: { layers, tensors }, kept: squareSum(values) / (squareSum(kernel.data) || 1) };
}

/** The core [kh, kw, first, second]. A side that stays whole keeps its own channels instead of directions. */
function coreValues({ kernel, input, output, core }: Tucker, first: number, second: number): ArrayLike<number> {
  const [kh, kw, inner, outer] = kernel.shape as Kernel4;
  const [narrowIn, narrowOut] = [first < inner, second < outer];
  if (narrowIn && narrowOut) {
    const [all, wide] = [input.values.length, output.values.length];
    const part = new Float64Array(kh * kw * first * second);
    for (let p = 0; p < kh * kw; p++) {
      for (let r = 0; r < first; r++) {
        const from = (p * all + r) * wide;
        part.set(core.subarray(from, from + second), (p * first + r) * second);
      }
    }
    return part;
  }
  if (narrowIn) return projectInput(kernel.data, kh * kw, inner, outer, input.left, first);
  return narrowOut ? projectOutput(kernel.data, outer, output.left, second) : kernel.data;
}

/** The first `rank` vectors of length n as [n, rank] (or as they lie, [rank, n]). */
function directions(vectors: Float64Array, n: number, rank: number, turned: boolean): Float32Array {
  const out = new Float32Array(n * rank);
  for (let r = 0; r < rank; r++)
    for (let i = 0; i < n; i++) out[turned ? i * rank + r : r * n + i] = vectors[r * n + i] as number;
  return out;
}

/** [area, inner, outer] seen along `rank` directions of the input: [area, rank, outer]. */
function projectInput(
  data: ArrayLike<number>,
  area: number,
  inner: number,
  outer: number,
  vectors: Float64Array,
  rank: number,
): Float64Array {
  const out = new Float64Array(area * rank * outer);
  for (let p = 0; p < area; p++) {
    for (let r = 0; r < rank; r++) {
      const to = (p * rank + r) * outer;
      for (let i = 0; i < inner; i++) {
        const share = vectors[r * inner + i] as number;
        const from = (p * inner + i) * outer;
        for (let o = 0; o < outer; o++) out[to + o] = (out[to + o] as number) + share * (data[from + o] as number);
      }
    }
  }
  return out;
}

/** [anything, outer] seen along `rank` directions of the output: [anything, rank]. */
function projectOutput(data: ArrayLike<number>, outer: number, vectors: Float64Array, rank: number): Float64Array {
  const rows = data.length / outer;
  const out = new Float64Array(rows * rank);
  for (let p = 0; p < rows; p++) {
    for (let r = 0; r < rank; r++) {
      let sum = 0;
      for (let o = 0; o < outer; o++) sum += (data[p * outer + o] as number) * (vectors[r * outer + o] as number);
      out[p * rank + r] = sum;
    }
  }
  return out;
}

function squareSum(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return sum;
}
