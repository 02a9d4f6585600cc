/**
 * Runs single operations on the wasm backend, in plain and in relaxed SIMD, beside the naive float64 reference.
 * Gradients are compared with central differences of the reference at sampled places.
 */
import { setFlagsFromString } from 'node:v8';
import { seededRandom } from '#core/numeric/random';
import type { Backend, Plan } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import type { Op } from '#engine/ops';
import { reference } from '../suite/reference';
import { sizeOf, type Values, values } from '../suite/values';

/** A backend with relaxed SIMD where this Node can be told to have it (20: by a flag; later: always). */
export async function makeRelaxed(): Promise<Backend> {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  const backend = await makeWasmBackend();
  if (!backend.description.includes('relaxed')) throw new Error('this Node has no relaxed SIMD');
  return backend;
}
/** A backend with plain SIMD: the check for the relaxed one is made to fail. */
export async function makePlain(): Promise<Backend> {
  const { validate } = WebAssembly;
  WebAssembly.validate = (bytes) => (bytes as Uint8Array).length < 30 && validate(bytes);
  try {
    return await makeWasmBackend();
  } finally {
    WebAssembly.validate = validate;
  }
}

/** Runs one step whose inputs and outputs are all persistent. `inPlace`: output i is input inPlace[i]. */
export async function runOp(
  backend: Backend,
  op: Op,
  inputs: readonly Values[],
  outShapes: readonly (readonly number[])[],
  inPlace?: readonly number[],
): Promise<Values[]> {
  const slots = [...inputs.map((one) => one.shape), ...(inPlace ? [] : outShapes)].map((shape) => ({
    shape,
    life: 'persistent' as const,
  }));
  const outputs = inPlace ?? outShapes.map((_, i) => inputs.length + i);
  const plan: Plan = { slots, steps: [{ op, inputs: inputs.map((_, i) => i), outputs: [...outputs] }] };
  const program = await backend.compile(plan);
  try {
    inputs.forEach((one, slot) => program.write(slot, Float32Array.from(one.data)));
    program.run();
    const got: Values[] = [];
    for (const [i, slot] of outputs.entries())
      got.push(values(outShapes[i] as readonly number[], await program.read(slot)));
    return got;
  } finally {
    program.dispose();
  }
}

/** Largest |a - b| / (1 + |b|). */
export function distance(got: Values, wanted: Values): number {
  if (got.data.length !== wanted.data.length) throw new Error(`[${got.shape}] is not [${wanted.shape}]`);
  let worst = 0;
  wanted.data.forEach((value, i) => {
    const error = Math.abs((got.data[i] as number) - value) / (1 + Math.abs(value));
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  });
  return worst;
}

/**
 * d(sum dy * op(inputs)[0]) / d(input `of`) by central differences of the reference, at up to `samples` seeded places:
 * [place, derivative].
 */
export function differences(
  op: Op,
  inputs: readonly Values[],
  outShapes: readonly (readonly number[])[],
  dy: Values,
  of: number,
  samples = 24,
): [number, number][] {
  const target = inputs[of] as Values;
  const random = seededRandom(7);
  const size = sizeOf(target.shape);
  const places =
    size <= samples
      ? Array.from({ length: size }, (_, i) => i)
      : [0, size - 1, ...Array.from({ length: samples - 2 }, () => Math.floor(random() * size))];
  const step = 1e-4;
  const at = (place: number, delta: number): number => {
    const data = target.data.slice();
    data[place] = (data[place] as number) + delta;
    const changed = inputs.map((one, i) => (i === of ? values(one.shape, data) : one));
    const [y] = reference(op, changed, outShapes);
    return (y as Values).data.reduce((sum, value, i) => sum + value * (dy.data[i] as number), 0);
  };
  return places.map((place) => [place, (at(place, step) - at(place, -step)) / (2 * step)]);
}

/** Largest relative distance of a gradient from sampled differences. */
export function gradientDistance(got: Values, sampled: readonly (readonly [number, number])[]): number {
  return Math.max(
    ...sampled.map(([place, wanted]) => Math.abs((got.data[place] as number) - wanted) / (1 + Math.abs(wanted))),
  );
}
