/** Running one operation on a backend, comparing numbers, and gradients by finite differences. */
import type { Backend, Plan, SlotId } from '#engine/backend';
import type { Op } from '#engine/ops';
import { reference } from './reference';
import { sizeOf, type Values } from './values';

/** One promise of the suite; `run` throws where the backend does not keep it. `cpu` is what training runs compare with. */
export interface Case {
  readonly name: string;
  readonly run: (backend: Backend, cpu: Backend) => Promise<void>;
}

type Shapes = readonly (readonly number[])[];

/**
 * The outputs of a plan of one step. `inPlace` gives the input that each output writes to, as updates do. Nothing may be
 * left over on the backend afterwards.
 */
export async function runOp(
  backend: Backend,
  op: Op,
  inputs: readonly Values[],
  shapes: Shapes,
  inPlace?: readonly number[],
): Promise<Float32Array[]> {
  const slots = inputs.map((input) => ({ shape: input.shape, life: 'persistent' as const }));
  const outputs: SlotId[] = inPlace
    ? [...inPlace]
    : shapes.map((shape) => slots.push({ shape, life: 'persistent' }) - 1);
  const plan: Plan = { slots, steps: [{ op, inputs: inputs.map((_, i) => i), outputs }] };
  const before = backend.counts().live;
  const program = await backend.compile(plan);
  const results: Float32Array[] = [];
  try {
    for (const [i, input] of inputs.entries()) program.write(i, Float32Array.from(input.data));
    if (backend.counts().live <= before) throw new Error('the counts see none of the program');
    program.run();
    for (const slot of outputs) results.push(await program.read(slot));
  } finally {
    program.dispose();
  }
  const over = backend.counts().live - before;
  if (over !== 0) throw new Error(`${over} tensors were left over by ${op.kind}`);
  return results;
}

/** Throws where a value differs by more than `tolerance` (of 1 + its size), or is not a number. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} values instead of ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    if (!(Math.abs(a - e) <= tolerance * (1 + Math.abs(e)))) throw new Error(`${what}: value ${i} is ${a}, not ${e}`);
  }
}

/** Single precision, a few dozen terms. */
export const FORWARD_TOLERANCE = 2e-5;
/** Graphics processors may be off by a few units in exponentials and quotients. */
export const GRADIENT_TOLERANCE = 2e-4;

/** A forward operation against the reference. */
export function forwardCase(name: string, op: Op, inputs: readonly Values[], shapes: Shapes): Case {
  return {
    name: `${op.kind}: ${name}`,
    async run(backend) {
      const expected = reference(op, inputs, shapes);
      const actual = await runOp(backend, op, inputs, shapes);
      expected.forEach((one, i) => assertClose(actual[i] as Float32Array, one.data, FORWARD_TOLERANCE, `output ${i}`));
    },
  };
}

/** An operation whose right answer was worked out by hand. */
export function exactCase(
  name: string,
  op: Op,
  inputs: readonly Values[],
  expected: readonly Values[],
  inPlace?: readonly number[],
  tolerance = FORWARD_TOLERANCE,
): Case {
  return {
    name: `${op.kind}: ${name}`,
    async run(backend) {
      const actual = await runOp(
        backend,
        op,
        inputs,
        expected.map((one) => one.shape),
        inPlace,
      );
      expected.forEach((one, i) => assertClose(actual[i] as Float32Array, one.data, tolerance, `output ${i}`));
    },
  };
}

export interface GradientOf {
  readonly name: string;
  /** The operation that is differentiated, its inputs and its outputs' shapes; only the first output counts. */
  readonly forward: Op;
  readonly inputs: readonly Values[];
  readonly shapes: Shapes;
  readonly dy: Values;
  /** The gradient operation, its inputs (from the forward outputs), and which forward input each of its outputs belongs to. */
  readonly gradient: Op;
  readonly from: (outputs: readonly Values[]) => readonly Values[];
  readonly of: readonly number[];
}

/** A gradient operation against central differences of the forward reference. */
export function gradientCase(spec: GradientOf): Case {
  return {
    name: `${spec.gradient.kind}: ${spec.name}`,
    async run(backend) {
      const outputs = reference(spec.forward, spec.inputs, spec.shapes);
      const expected = spec.of.map((i) => numericGradient(spec, i));
      const shapes = spec.of.map((i) => (spec.inputs[i] as Values).shape);
      const actual = await runOp(backend, spec.gradient, spec.from(outputs), shapes);
      expected.forEach((one, i) =>
        assertClose(actual[i] as Float32Array, one, GRADIENT_TOLERANCE, `gradient of input ${spec.of[i]}`),
      );
    },
  };
}

/** d (sum of dy * y) / d input i. */
function numericGradient({ forward, inputs, shapes, dy }: GradientOf, i: number): Float64Array {
  const at = (data: Float64Array): number => {
    const changed = inputs.map((input, j) => (j === i ? { ...input, data } : input));
    const y = (reference(forward, changed, shapes)[0] as Values).data;
    return y.reduce((sum, one, k) => sum + one * (dy.data[k] as number), 0);
  };
  const x = (inputs[i] as Values).data;
  const gradient = new Float64Array(sizeOf((inputs[i] as Values).shape));
  const h = 1e-5;
  for (let k = 0; k < gradient.length; k++) {
    const up = x.slice();
    const down = x.slice();
    up[k] = (x[k] as number) + h;
    down[k] = (x[k] as number) - h;
    gradient[k] = (at(up) - at(down)) / (2 * h);
  }
  return gradient;
}
