/**
 * The static arena: random plans come out as they do when no two slots share room, nothing leaks, what the optimiser
 * walks over lies flat, and the same input gives the same bytes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { ADAM } from '#core/objective';
import { bytesOf, layOut } from '#engine/arena';
import { type Backend, BackendError, type Plan, type Slot, type Step } from '#engine/backend';
import { makeArena } from '#engine/backends/wasm/memory';
import type { ElementFn, Op } from '#engine/ops';
import { makeRelaxed } from './wasm/harness';

const RELU: ElementFn = { fn: 'relu', alpha: 0, max: Number.POSITIVE_INFINITY };

/** A random plan of element-wise steps, reshapes, joins and slices over [2, 3, 4]-like values; ends in persistent slots. */
function randomPlan(seed: number): { plan: Plan; inputs: number[]; results: number[] } {
  const random = seededRandom(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  const slots: Slot[] = [];
  const steps: Step[] = [];
  const add = (shape: readonly number[], life: Slot['life']): number => slots.push({ shape, life }) - 1;
  const shapes = [[2, 3, 4], [6, 4], [24], [3, 8]];
  const inputs = [0, 1, 2].map((i) => add(shapes[i] as number[], 'persistent'));
  const values = [...inputs];
  const shapeOf = (slot: number): readonly number[] => (slots[slot] as Slot).shape;
  const push = (op: Op, from: number[], shape: readonly number[], life: Slot['life'] = 'temporary'): void => {
    const out = add(shape, life);
    steps.push({ op, inputs: from, outputs: [out] });
    values.push(out);
  };
  const results: number[] = [];
  for (let i = 0; i < 40; i++) {
    const x = values[Math.max(0, values.length - 1 - pick(6))] as number;
    const shape = shapeOf(x);
    const life = random() < 0.1 ? 'persistent' : 'temporary';
    switch (pick(7)) {
      case 0:
        push({ kind: 'reshape' }, [x], shapes[pick(4)] as number[], life);
        break;
      case 1:
        push({ kind: 'scale', scale: 0.9, offset: 0.1 }, [x], shape, life);
        break;
      case 2:
        push({ kind: 'activation', act: RELU }, [x], shape, life);
        break;
      case 3: {
        const others = values.filter((other) => shapeOf(other).join() === shape.join());
        push(
          { kind: 'binary', fn: random() < 0.5 ? 'subtract' : 'add' },
          [x, others[pick(others.length)] as number],
          shape,
          life,
        );
        break;
      }
      case 4: {
        const others = values.filter((other) => shapeOf(other).join() === shape.join());
        push({ kind: 'activationGrad', act: RELU }, [x, others[pick(others.length)] as number], shape, life);
        break;
      }
      case 5: {
        const wide = [...shape.slice(0, -1), (shape.at(-1) as number) * 2];
        push({ kind: 'concat' }, [x, x], wide);
        const joined = values.pop() as number;
        push({ kind: 'sliceLast', begin: 1, size: shape.at(-1) as number }, [joined], shape, life);
        break;
      }
      default:
        push({ kind: 'softmax', temperature: 1 }, [x], shape, life);
    }
    if (life === 'persistent') results.push(slots.length - 1);
  }
  push(
    { kind: 'scale', scale: 1, offset: 0 },
    [values.at(-1) as number],
    shapeOf(values.at(-1) as number),
    'persistent',
  );
  results.push(slots.length - 1);
  return { plan: { slots, steps }, inputs, results };
}

/** The same plan with every slot persistent: nothing is shared. */
const spread = (plan: Plan): Plan => ({
  slots: plan.slots.map(({ shape }) => ({ shape, life: 'persistent' as const })),
  steps: plan.steps,
});

describe('the arena', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await makeRelaxed();
  });
  afterAll(() => backend.dispose());

  it('computes 60 random plans as if no slots shared room', async () => {
    let saved = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const { plan, inputs, results } = randomPlan(seed);
      saved += layOut(spread(plan)).bytes - layOut(plan).bytes;
      const shared = await backend.compile(plan);
      const apart = await backend.compile(spread(plan));
      const random = seededRandom(seed + 1000);
      for (let run = 0; run < 2; run++) {
        for (const slot of inputs) {
          const data = Float32Array.from({ length: 24 }, () => random() - 0.5);
          shared.write(slot, data);
          apart.write(slot, data);
        }
        shared.run();
        apart.run();
        for (const slot of results)
          expect(await shared.read(slot), `plan ${seed}, slot ${slot}`).toEqual(await apart.read(slot));
      }
      shared.dispose();
      apart.dispose();
    }
    expect(saved).toBeGreaterThan(0);
    expect(backend.counts()).toMatchObject({ live: 0, bytes: 0 });
  });

  it('lays out what the optimiser walks over as flat stretches in one order', () => {
    const sizes = [7, 3, 64];
    const slots: Slot[] = [{ shape: [1], life: 'persistent' }];
    const inputs = [0];
    const outputs: number[] = [];
    const groups: number[][] = [[], [], [], []];
    // Slots are made group by group, in reverse, so that the order can only come from the optimise step.
    for (const group of [3, 2, 1, 0]) {
      for (const [i, size] of [...sizes.entries()].reverse())
        (groups[group] as number[])[i] =
          slots.push({ shape: [size], life: group === 1 ? 'temporary' : 'persistent' }) - 1;
    }
    sizes.forEach((_, i) => {
      inputs.push(...groups.map((group) => group[i] as number));
      outputs.push(...[0, 2, 3].map((group) => groups[group]?.[i] as number));
    });
    const steps: Step[] = sizes.map((_, i) => ({
      op: { kind: 'penaltyGrad', l1: 0, l2: 1 },
      inputs: [groups[0]?.[i] as number, groups[0]?.[i] as number],
      outputs: [groups[1]?.[i] as number],
    }));
    steps.push({ op: { kind: 'optimize', optimizer: ADAM, count: 3, masked: [false, false, false] }, inputs, outputs });
    const { offsets, persistentBytes } = layOut({ slots, steps });
    for (const group of groups) {
      sizes.slice(1).forEach((_, i) => {
        expect(offsets[group[i + 1] as number]).toBe(
          (offsets[group[i] as number] as number) + bytesOf([sizes[i] as number]),
        );
      });
      for (const slot of group) expect(offsets[slot]).toBeLessThan(persistentBytes);
    }
  });

  it('keeps what a reshape shows of a parameter apart from the parameter that changes', async () => {
    const slots: Slot[] = [
      { shape: [4], life: 'persistent' },
      { shape: [2, 2], life: 'temporary' },
      { shape: [4], life: 'persistent' },
      { shape: [2, 2], life: 'persistent' },
    ];
    const steps: Step[] = [
      { op: { kind: 'reshape' }, inputs: [0], outputs: [1] },
      { op: { kind: 'movingAverage', momentum: 0 }, inputs: [0, 2], outputs: [0] },
      { op: { kind: 'scale', scale: 1, offset: 0 }, inputs: [1], outputs: [3] },
    ];
    const program = await backend.compile({ slots, steps });
    program.write(0, Float32Array.of(1, 2, 3, 4));
    program.write(2, Float32Array.of(9, 9, 9, 9));
    program.run();
    expect([...(await program.read(3))]).toEqual([1, 2, 3, 4]);
    expect([...(await program.read(0))]).toEqual([9, 9, 9, 9]);
    program.dispose();
  });

  it('starts persistent slots at 0, even in memory used before', async () => {
    const plan: Plan = { slots: [{ shape: [1000], life: 'persistent' }], steps: [] };
    const first = await backend.compile(plan);
    first.write(0, new Float32Array(1000).fill(7));
    first.dispose();
    const second = await backend.compile(plan);
    expect(await second.read(0)).toEqual(new Float32Array(1000));
    second.dispose();
    second.dispose();
    expect(() => second.run()).toThrow(BackendError);
    await expect(second.read(0)).rejects.toThrow(BackendError);
    expect(backend.counts()).toMatchObject({ live: 0, bytes: 0 });
  });

  it('refuses what does not fit: sizes, temporaries, and more memory than there is', async () => {
    const program = await backend.compile({
      slots: [
        { shape: [3], life: 'persistent' },
        { shape: [3], life: 'temporary' },
      ],
      steps: [],
    });
    expect(() => program.write(0, new Float32Array(4))).toThrow(RangeError);
    expect(() => program.write(1, new Float32Array(3))).toThrow(RangeError);
    program.dispose();
    await expect(
      backend.compile({ slots: [{ shape: [65536, 65536], life: 'persistent' }], steps: [] }),
    ).rejects.toMatchObject({ code: 'memory' });
    expect(backend.counts()).toMatchObject({ live: 0, bytes: 0 });
  });
});

describe('the allocator', () => {
  it('never overlaps, uses again what was freed, and joins neighbours', () => {
    const arena = makeArena();
    const random = seededRandom(3);
    const taken = new Map<number, number>();
    let highest = 0;
    for (let i = 0; i < 2000; i++) {
      if (taken.size > 12 || (taken.size > 0 && random() < 0.45)) {
        const address = [...taken.keys()][Math.floor(random() * taken.size)] as number;
        arena.give(address);
        taken.delete(address);
      } else {
        const bytes = 1 + Math.floor(random() * 300_000);
        const address = arena.take(bytes);
        expect(address % 64).toBe(0);
        for (const [other, size] of taken) expect(address + bytes <= other || other + size <= address).toBe(true);
        taken.set(address, bytes);
        highest = Math.max(highest, address + bytes);
      }
    }
    // 13 blocks of 300 kB at most: fragments included, far below what 2,000 fresh blocks would take.
    expect(highest).toBeLessThan(13 * 300_000 * 3);
    for (const address of taken.keys()) arena.give(address);
    expect(arena.live()).toEqual({ blocks: 0, bytes: 0 });
    const before = arena.memory.buffer.byteLength;
    arena.give(arena.take(before - 65536 - 4096));
    expect(arena.memory.buffer.byteLength).toBe(before);
  });
});
