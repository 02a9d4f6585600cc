/**
 * The kernels' division of work: with every command cut into 2, 3 and 8 parts, which run one after the other in one
 * thread, in either order, the whole suite holds and training leaves the same bytes as with one part.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { withActivationGrids } from '#core/model/edit';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { TEMPLATES } from '#core/templates';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { wantedThreads } from '#engine/backends/wasm/attention';
import { type CrewFactory, makeWasmBackend, makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeWriter } from '#engine/backends/wasm/commands';
import { spillOf } from '#engine/backends/wasm/crew';
import { DIVIDED, K_METRICS, K_PRODUCT, K_SCALE } from '#engine/backends/wasm/kernels/ids';
import { train } from '#engine/train';
import { SUITE } from '../suite';
import { encoded, NETWORKS, objectiveFor, tinyBars } from '../suite/cases-training';
import { sameBits, trainedSlots } from './steps';

/** Every command in `parts` parts, also those that are too small to be worth it; `backwards`: the last part first. */
const inParts =
  (parts: number, backwards: boolean): CrewFactory =>
  (kernels, _module, memory) => ({
    most: parts,
    run(from, to) {
      const words = new Int32Array(memory.buffer);
      for (let at = from; at < to; ) {
        const next = at + 8 + (words[at / 4 + 1] as number) * 4;
        for (let i = 0; i < parts; i += 1) {
          const part = backwards ? parts - 1 - i : i;
          kernels.setThread(part, parts, spillOf(part));
          kernels.run(at, next);
        }
        at = next;
      }
      kernels.setThread(0, 1, spillOf(0));
    },
    describe: () => `, ${parts} parts`,
    dispose: () => undefined,
  });

let one: Backend;
let cpu: Backend;
beforeAll(async () => {
  [one, cpu] = await Promise.all([makeWasmBackend(), makeCpuBackend()]);
});
afterAll(() => one.dispose());

describe.each([
  [2, false],
  [3, true],
  [8, true],
] as const)('%i parts, backwards: %s', (parts, backwards) => {
  let cut: Backend;
  beforeAll(async () => {
    cut = await makeWasmBackendWith(inParts(parts, backwards));
    expect(cut.description).toContain(`${parts} parts`);
  });
  afterAll(() => cut.dispose());

  it.each(TEMPLATES.map((template) => [template.id, template] as const))(
    '%s: the same bytes',
    async (_id, template) => {
      const input = template.id === 'lenet-5' ? ([28, 28, 1] as const) : ([8, 8, 1] as const);
      expect(sameBits(await trainedSlots(cut, template, input), await trainedSlots(one, template, input))).toBe(true);
    },
  );

  it('trained scales, whole channels drawn to zero and imitation: the same bytes', async () => {
    const [student, teacher] = [createModel(NETWORKS.plain, 9), createModel(NETWORKS.residual, 9)];
    const place = (of: Model): string => of.layers.find(({ kind }) => kind === 'conv2d')?.name as string;
    const pair = { studentLayer: place(student), teacherLayer: place(teacher) };
    const by = { teacher: { kind: 'model', model: teacher } } as const;
    const grid = { kind: 'grid', bits: 4, qMin: 0, qMax: 15, axis: null, symmetric: false } as const;
    const model = withActivationGrids(encoded(student, 'channels'), {
      [pair.studentLayer]: { ...grid, scale: Float32Array.of(0.09), zeroPoint: Int32Array.of(0) },
    });
    const objective = objectiveFor(model, {
      learnSteps: true,
      groupLasso: 0.01,
      loss: [
        { kind: 'crossEntropy', weight: 0.5 },
        { kind: 'logitError', weight: 0.1, ...by },
        { kind: 'hint', weight: 0.5, ...by, ...pair },
        { kind: 'attention', weight: 0.5, ...by, pairs: [pair] },
      ],
    });
    const idOn = async (backend: Backend): Promise<string> =>
      modelId((await train(backend, objective, tinyBars, { validate: false })).model);
    expect(await idOn(cut)).toBe(await idOn(one));
  });

  if (parts === 3) for (const { name, run } of SUITE) it(name, () => run(cut, cpu));
});

it('keeps a core free while the page is visible, and stops at 8', () => {
  expect([1, 2, 3, 8, 9, 64].map((cores) => wantedThreads(cores, true))).toEqual([1, 1, 2, 7, 8, 8]);
  expect([1, 2, 3, 8, 9, 64].map((cores) => wantedThreads(cores, false))).toEqual([1, 2, 3, 8, 8, 8]);
});

it('divides what is worth it, and never what has one thread', () => {
  const writer = makeWriter({ slots: 0, scratch: 0, tables: 0 }, [], [], 2);
  writer.emit(K_SCALE, 0, 0, 100, 0, 0);
  writer.emit(K_SCALE, 0, 0, 1_000_000, 0, 0);
  writer.emit(K_PRODUCT, 0, 0, 0, 0, 0, 0, 1000, 1, 1000, 0, 0, 0, 0, 1, 100, 100, 400);
  writer.emit(K_METRICS, 0, 0, 0, 0, 0, 1_000_000, 10);
  const { code } = writer.result();
  const divided: boolean[] = [];
  for (let at = 0; at < code.length; at += 2 + (code[at + 1] as number))
    divided.push(((code[at] as number) & DIVIDED) > 0);
  expect(divided).toEqual([false, true, true, false]);
});
