/** What the suite's small shapes do not reach on a graphics card: many groups, split sums, counts, and what goes wrong. */
import { createModel } from '#core/model/create';
import { type Backend, BackendError, type Plan } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { makeWebgpuBackend } from '#engine/backends/webgpu/backend';
import { openDevice } from '#engine/backends/webgpu/device';
import { logitsOf } from '#engine/evaluate';
import { fillTrainingImages, makeFeed } from '#engine/feed';
import { fillKeepMask, NOISE_ROW, noiseKey } from '#engine/noise';
import { LINEAR, type Op, type Window } from '#engine/ops';
import { trainingPlan } from '#engine/plan';
import { makeBuilder } from '#engine/plan/builder';
import { gatherSteps } from '#engine/plan/gather';
import { selectImages } from '#engine/selection';
import { train } from '#engine/train';
import { NETWORKS, objectiveFor, tinyBars } from '../suite/cases-training';
import { assertClose, runOp } from '../suite/run';
import { uniform, type Values, values } from '../suite/values';
import { lenetData, lenetObjective, lenetPlan } from './lenet';

const PLAIN: Window = { strides: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] };
const SAME: Window = { ...PLAIN, pads: [1, 1, 1, 1] };
const RELU = { ...LINEAR, fn: 'relu' } as const;

interface Large {
  readonly op: Op;
  readonly inputs: readonly Values[];
  readonly shapes: readonly (readonly number[])[];
}
const LARGE: readonly (() => Large)[] = [
  // Large tiles, ragged at both sides.
  () => ({
    op: { kind: 'matmul', transposeA: false, transposeB: false, act: RELU },
    inputs: [uniform([1100, 20], 1), uniform([20, 1000], 2), uniform([1000], 3)],
    shapes: [[1100, 1000]],
  }),
  () => ({
    op: { kind: 'conv2d', window: SAME, act: RELU },
    inputs: [uniform([16, 32, 32, 4], 4), uniform([3, 3, 4, 40], 5), uniform([40], 6)],
    shapes: [[16, 32, 32, 40]],
  }),
  () => ({
    op: { kind: 'conv2dGradInput', window: SAME },
    inputs: [uniform([16, 32, 32, 4], 7), uniform([3, 3, 40, 4], 8)],
    shapes: [[16, 32, 32, 40]],
  }),
  // Terms split over groups.
  () => ({
    op: { kind: 'matmul', transposeA: true, transposeB: false, act: LINEAR },
    inputs: [uniform([3001, 40], 9), uniform([3001, 30], 10)],
    shapes: [[40, 30]],
  }),
  () => ({
    op: { kind: 'conv2dGradKernel', window: PLAIN },
    inputs: [uniform([16, 20, 20, 4], 11), uniform([16, 16, 16, 20], 12)],
    shapes: [[5, 5, 2, 20]],
  }),
  // Rows in several stretches.
  () => ({ op: { kind: 'biasGrad' }, inputs: [uniform([4001, 21], 13)], shapes: [[21]] }),
  () => ({
    op: { kind: 'batchNormTrain', epsilon: 1e-3 },
    inputs: [uniform([4001, 21], 14, 3, 5), uniform([21], 15), uniform([21], 16)],
    shapes: [[4001, 21], [21], [21]],
  }),
  () => ({
    op: { kind: 'batchNormTrainGrad', epsilon: 1e-3 },
    inputs: [
      uniform([4001, 21], 17),
      uniform([21], 18),
      uniform([21], 19),
      uniform([21], 20, 0.1, 1),
      uniform([4001, 21], 21),
    ],
    shapes: [[4001, 21], [21], [21]],
  }),
  () => ({
    op: { kind: 'depthwiseConv2dGradKernel', window: SAME },
    inputs: [uniform([8, 18, 18, 9], 22), uniform([8, 18, 18, 18], 23)],
    shapes: [[3, 3, 9, 2]],
  }),
  () => ({
    op: { kind: 'preluGrad' },
    inputs: [uniform([1300, 7], 24), uniform([7], 25), uniform([1300, 7], 26)],
    shapes: [[1300, 7], [7]],
  }),
  () => {
    const codes = uniform([5003], 27, -1, 100);
    return {
      op: { kind: 'lookupGrad' },
      inputs: [values([5003], codes.data.map(Math.floor)), uniform([5003], 28)],
      shapes: [[100]],
    };
  },
  // More groups than one dimension holds.
  () => ({
    op: { kind: 'scale', scale: 2, offset: 1 },
    inputs: [values([64 * 65_535 + 100], new Float64Array(64 * 65_535 + 100).fill(3))],
    shapes: [[64 * 65_535 + 100]],
  }),
];
/** Sums of thousands of terms in different orders. */
const TOLERANCE = 2e-4;

const codeOf = (error: unknown): string =>
  error instanceof BackendError ? `${error.code}: ${error.message}` : `unexpected: ${String(error)}`;

/** An answer that never comes would otherwise stop the tests. */
const settled = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'an answer', codeOf);

const copyPlan: Plan = {
  slots: [
    { shape: [4], life: 'persistent' },
    { shape: [4], life: 'persistent' },
  ],
  steps: [{ op: { kind: 'scale', scale: 2, offset: 0 }, inputs: [0], outputs: [1] }],
};

async function withBackend<T>(use: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = await makeWebgpuBackend();
  try {
    return await use(backend);
  } finally {
    backend.dispose();
  }
}

export const webgpuChecks = {
  /** Compares large shapes with the WebAssembly backend; what differs. */
  large: () =>
    withBackend(async (backend) => {
      const wasm = await makeWasmBackend();
      const failures: string[] = [];
      for (const make of LARGE) {
        const { op, inputs, shapes } = make();
        const expected = await runOp(wasm, op, inputs, shapes);
        const actual = await runOp(backend, op, inputs, shapes);
        try {
          expected.forEach((one, i) => assertClose(actual[i] as Float32Array, one, TOLERANCE, `${op.kind} ${i}`));
        } catch (error) {
          failures.push(String(error));
        }
      }
      return { ran: LARGE.length, failures };
    }),
  /** What one step of LeNet-5 costs after the first, and the losses of two steps here and on WebAssembly. */
  lenet: () =>
    withBackend(async (backend) => {
      const dataset = lenetData();
      const objective = lenetObjective();
      const losses = async (on: Backend, between?: () => void): Promise<number[]> => {
        const plan = lenetPlan(false, on === backend ? dataset : null);
        const program = await on.compile(plan.plan);
        for (const { slot, data } of plan.writes) program.write(slot, data);
        const selection = selectImages(objective, dataset.splits.train);
        const feed = await makeFeed(on, objective, dataset, selection, plan, program, {});
        const all: number[] = [];
        for (let step = 0; step < 2; step++) {
          between?.();
          feed(step, 1e-3, 0);
          program.run();
        }
        between?.();
        all.push(...(await program.read(plan.sums)));
        program.dispose();
        return all;
      };
      const seen: ReturnType<Backend['counts']>[] = [];
      const sums = await losses(backend, () => seen.push(backend.counts()));
      const [, before, after] = seen as [unknown, ReturnType<Backend['counts']>, ReturnType<Backend['counts']>];
      return {
        dispatches: after.dispatches - before.dispatches,
        uploads: after.uploads - before.uploads,
        readbacks: after.readbacks - before.readbacks,
        newBuffers: after.live - before.live,
        sums,
        expected: await losses(await makeWasmBackend()),
      };
    }),
  /** Transfers of a run of one epoch whose figures are asked for as seldom as can be. */
  epoch: () =>
    withBackend(async (backend) => {
      const objective = objectiveFor(createModel(NETWORKS.plain, 9));
      let reports = 0;
      const { steps } = await train(backend, objective, tinyBars, {
        validate: false,
        reportEvery: Number.MAX_SAFE_INTEGER,
        onProgress: () => reports++,
      });
      const { uploads, readbacks } = backend.counts();
      const trained = trainingPlan(objective, objective.batchSize).trained.length;
      // Again: the data set is there.
      await train(backend, objective, tinyBars, { validate: false, reportEvery: Number.MAX_SAFE_INTEGER });
      return { steps, reports, trained, uploads, readbacks, again: backend.counts().uploads - uploads };
    }),
  /** Images moved and noise, labels, answers and dropout masks made on the card, against those of the host: what differs. */
  batches: () =>
    withBackend(async (backend) => {
      const dataset = lenetData();
      const { train: images } = dataset.splits;
      const n = 16;
      const rows = Float32Array.from({ length: n }, (_, i) => (i % 5 === 3 ? NOISE_ROW : (i * 37) % images.count));
      const key = noiseKey(8, 123_456);
      const failures: string[] = [];
      for (const shift of [0, 2, 28]) {
        const b = makeBuilder();
        const source = gatherSteps(b, { ...lenetObjective(), augment: { shift } }, dataset, n);
        const teacher = lenetObjective().model;
        const answers = source.answers({ teacher: { kind: 'model', model: teacher }, temperature: 1 }, 3);
        const masks = [0.5, 0.1].map((rate) => source.keepMask(rate, [n, 50]));
        const outputs = [source.images, source.labels, answers, ...masks];
        for (const slot of outputs) b.keep(slot);
        const program = await backend.compile({ ...b.build(), table: images.pixels });
        const { gathered } = source;
        const logits = Float32Array.from({ length: images.count * 3 }, (_, i) => i / 7);
        program.write(gathered.rows, rows);
        program.write(gathered.key, Float32Array.from(key.flatMap((word) => [word >>> 16, word & 0xffff])));
        program.write(gathered.labels, Float32Array.from(images.labels));
        program.write((gathered.answers[0] as { slot: number }).slot, logits);
        program.run();
        const pixels = new Float32Array(n * 784);
        fillTrainingImages(dataset, rows, key, shift, pixels);
        const isNoise = (i: number): boolean => rows[i] === NOISE_ROW;
        const expected = [
          pixels,
          Float32Array.from(rows, (row, i) => (isNoise(i) ? 10 : (images.labels[row] as number))),
          Float32Array.from({ length: 3 * n }, (_, i) => {
            const row = rows[Math.floor(i / 3)] as number;
            return row === NOISE_ROW ? 0 : (logits[3 * row + (i % 3)] as number);
          }),
          ...[0.5, 0.1].map((rate, number) => {
            const mask = new Float32Array(n * 50);
            fillKeepMask(mask, key, number, rate);
            return mask;
          }),
        ];
        for (const [o, slot] of outputs.entries()) {
          const actual = await program.read(slot);
          const own = expected[o] as Float32Array;
          const at = own.findIndex((value, i) => actual[i] !== value);
          if (at !== -1) failures.push(`shift ${shift}, output ${o}: value ${at} is ${actual[at]}, not ${own[at]}`);
        }
        program.dispose();
      }
      return failures;
    }),
  /** Evaluating the images on the card by row, twice: the largest difference of a logit from wasm, and the transfers. */
  evaluation: () =>
    withBackend(async (backend) => {
      const dataset = lenetData();
      const predictor = { kind: 'model', model: lenetObjective().model } as const;
      const expected = await logitsOf(await makeWasmBackend(), predictor, dataset, 'train', { from: 3 });
      const actual = await logitsOf(backend, predictor, dataset, 'train', { from: 3 });
      const { uploads, readbacks } = backend.counts();
      const again = await logitsOf(backend, predictor, dataset, 'train', { from: 3 });
      const abort = new AbortController();
      const options = { signal: abort.signal, onProgress: () => abort.abort() };
      const aborted = await logitsOf(backend, predictor, dataset, 'train', options).catch((error) => error.name);
      return {
        difference: expected.reduce((most, one, i) => Math.max(most, Math.abs(one - (actual[i] as number))), 0),
        same: again.every((one, i) => one === actual[i]) && again.length === expected.length,
        uploads,
        readbacks,
        aborted,
      };
    }),
  /** What is told while kernels are compiled: [ready, of] each time, at first and when they are there already. */
  compiled: () =>
    withBackend(async (backend) => {
      const compile = async (): Promise<(readonly [number, number])[]> => {
        const seen: (readonly [number, number])[] = [];
        (await backend.compile(lenetPlan().plan, (ready, of) => seen.push([ready, of]))).dispose();
        return seen;
      };
      return [await compile(), await compile()] as const;
    }),
  /** What a read that waits is told when the device goes, and what every call after it is. */
  async lost() {
    let device: GPUDevice | undefined;
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...args) {
      device = await requestDevice.apply(this, args);
      return device;
    };
    const backend = await makeWebgpuBackend();
    GPUAdapter.prototype.requestDevice = requestDevice;
    const program = await backend.compile(copyPlan);
    program.write(0, Float32Array.of(1, 2, 3, 4));
    program.run();
    const waiting = settled(program.read(1));
    device?.destroy();
    const pending = await waiting;
    const later = await settled(program.read(1));
    const compiling = await settled(backend.compile(copyPlan));
    return { pending, later, compiling };
  },
  /** What is told about a kernel that does not compile, and about an invalid call that the device reports later. */
  async shader() {
    const device = await openDevice();
    const compiling = await settled(device.pipeline('broken', '@compute @workgroup_size(1) fn main() { let x = ; }'));
    const before = await settled(Promise.resolve().then(device.check));
    device.gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await device.gpu.queue.onSubmittedWorkDone();
    const after = await settled(Promise.resolve().then(device.check));
    device.dispose();
    return { compiling, before, after };
  },
};
