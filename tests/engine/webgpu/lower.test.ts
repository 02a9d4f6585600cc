/** What a plan becomes on a graphics card, as far as it can be told without one. */
import { describe, expect, it } from 'vitest';
import type { Plan, Slot, Step } from '#engine/backend';
import { makeDispatch, mapDispatch } from '#engine/backends/webgpu/kernel';
import { partsOf } from '#engine/backends/webgpu/kernels/reduce';
import { lower } from '#engine/backends/webgpu/lower';
import { lenetData, lenetPlan } from './lenet';

const data = lenetData();
const labelsOf = (plan: Plan): string[] => lower(plan).dispatches.map(({ label }) => label);

describe('a training step of LeNet-5', () => {
  it('is at most 35 dispatches, one of them the optimiser', () => {
    const labels = labelsOf(lenetPlan(false, data).plan);
    expect(labels.length).toBeLessThanOrEqual(35);
    expect(labels.filter((label) => label.startsWith('optimize'))).toEqual(['optimize adam']);
  });
  it('puts its batch together by itself, in two dispatches', () => {
    const [plain, own] = [labelsOf(lenetPlan().plan), labelsOf(lenetPlan(false, data).plan)];
    expect(own.filter((label) => !plain.includes(label))).toEqual(['gatherImages', 'gatherRows']);
    expect(own.length).toBe(plain.length + 2);
  });
  it('stays so where only some parameters are masked', () => {
    const labels = labelsOf(lenetPlan(true, data).plan);
    expect(labels.length).toBeLessThanOrEqual(35);
    expect(labels.filter((label) => label.startsWith('optimize'))).toEqual(['optimize adam masked']);
  });
  it('needs fewer pipelines than dispatches', () => {
    const { dispatches } = lower(lenetPlan(false, data).plan);
    expect(new Set(dispatches.map(({ text }) => text)).size).toBeLessThan(dispatches.length);
  });
});

describe('places', () => {
  const slot = (side: number): Slot => ({ shape: [side], life: 'persistent' });
  const step: Step = {
    op: { kind: 'optimize', optimizer: { kind: 'sgd' }, count: 2, masked: [true, false] },
    inputs: [0, 1, 2, 3, 4, 5],
    outputs: [1, 4],
  };
  // rate, param of 5, gradient, mask, param of 3, gradient
  const { places, dispatches } = lower({
    slots: [slot(1), slot(5), slot(5), slot(5), slot(3), slot(3)],
    steps: [step],
  });

  it('put ones beside a mask, as the parameters lie beside each other', () => {
    expect(dispatches.length).toBe(1);
    const [first, mask, second] = [places.at[1], places.at[3], places.at[4]] as [number, number, number];
    expect(second - first).toBe(8);
    expect(places.ones.get(4)).toBe(mask + 8);
    expect(places.filled).toEqual([{ at: mask + 8, count: 4 }]);
    expect(mask + 12).toBeLessThanOrEqual(places.size);
  });
});

describe('a dispatch', () => {
  it('spreads over two dimensions where one is too short', () => {
    const { groups } = mapDispatch('copy', 64 * 65536, {}, '');
    expect(groups).toEqual([32768, 2, 1]);
    expect(mapDispatch('copy', 64 * 65535, {}, '').groups).toEqual([65535, 1, 1]);
  });
  it('has its numbers in the order and types of its fields', () => {
    const { words, text } = makeDispatch(
      'some',
      { a: 7, b: { f32: 0.5 }, c: { i32: -2 } },
      { body: '' },
      { groups: 1, depth: 1 },
    );
    const view = new DataView(words);
    expect([view.getUint32(0, true), view.getFloat32(4, true), view.getInt32(8, true)]).toEqual([7, 0.5, -2]);
    expect(text).toContain('a: u32, b: f32, c: i32');
  });
  it('refuses more numbers than a uniform has room for', () => {
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, i]));
    expect(() => makeDispatch('many', many, { body: '' }, { groups: 1, depth: 1 })).toThrow(RangeError);
  });
});

describe('sums', () => {
  it('are cut into stretches that cover all rows once', () => {
    for (const rows of [1, 511, 512, 513, 4096, 36_864, 1_000_003]) {
      const { parts, chunk } = partsOf(rows);
      expect(parts).toBeLessThanOrEqual(64);
      expect((parts - 1) * chunk).toBeLessThan(rows);
      expect(parts * chunk).toBeGreaterThanOrEqual(rows);
    }
  });
});
