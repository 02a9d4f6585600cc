/** Which images a step shows: every one once an epoch, the chosen ones only, by seed, from any step on. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { LossTerm, Objective } from '#core/objective';
import { NOISE_ROW } from '#engine/noise';
import { type Selection, selectImages } from '#engine/selection';
import { makeBars } from './bars';
import { NETWORKS, objectiveFor } from './suite/cases-training';

const { train: images } = makeBars({ train: 120, validation: 3, test: 3 }).splits;
const model = createModel(NETWORKS.plain, 1);
const told: LossTerm = { kind: 'crossEntropy', weight: 0.5 };
const taught: LossTerm = { kind: 'distillation', weight: 0.5, temperature: 2, teacher: { kind: 'model', model } };
const select = (change: Partial<Objective>): Selection => selectImages(objectiveFor(model, change), images);

/** The rows of so many steps. */
function shown(selection: Selection, steps: number, from = 0): number[][] {
  return Array.from({ length: steps }, (_, i) => {
    const rows = new Float32Array(selection.batch);
    selection.fill(rows, from + i);
    return [...rows];
  });
}
const sorted = (rows: readonly number[]): number[] => [...new Set(rows)].sort((a, b) => a - b);
const labelOf = (row: number): number => images.labels[row] as number;

describe('selectImages', () => {
  it('shows every image once an epoch, in another order each time, and the same from any step on', () => {
    const selection = select({ batchSize: 8 });
    expect(selection).toMatchObject({ batch: 8, transfer: null, perEpoch: 15, images: 1 });
    const steps = shown(selection, 30);
    const [first, second] = [steps.slice(0, 15).flat(), steps.slice(15).flat()];
    expect(sorted(first)).toHaveLength(120);
    expect(sorted(second)).toHaveLength(120);
    expect(first).not.toEqual(second);
    expect(shown(select({ batchSize: 8 }), 3, 20)).toEqual(steps.slice(20, 23));
    expect(shown(select({ batchSize: 8, seed: 4 }), 1)).not.toEqual(steps.slice(0, 1));
  });

  it('refuses to leave out every class', () => {
    expect(() => select({ data: { without: [0, 1, 2] } })).toThrow('No training image is left to learn from');
  });

  it('takes labels of every class alike, and shows nothing else', () => {
    const selection = select({ batchSize: 4, data: { labelled: 20 } });
    expect(selection).toMatchObject({ transfer: null, perEpoch: 5 });
    const rows = shown(selection, 5).flat();
    expect(sorted(rows)).toHaveLength(20);
    const counts = [0, 1, 2].map((label) => rows.filter((row) => labelOf(row) === label).length);
    expect(counts.toSorted()).toEqual([6, 7, 7]);
    expect(sorted(shown(select({ batchSize: 4, data: { labelled: 20 }, seed: 4 }), 5).flat())).not.toEqual(
      sorted(rows),
    );
  });

  it('gives half of every batch to the teacher where it sees other images', () => {
    const selection = select({ batchSize: 9, loss: [told, taught], data: { labelled: 6, transfer: 'all' } });
    expect(selection).toMatchObject({ batch: 9, transfer: 5, perEpoch: 24, images: 1 });
    const steps = shown(selection, 24);
    expect(sorted(steps.flatMap((rows) => rows.slice(0, 5)))).toHaveLength(120);
    const labelled = steps.flatMap((rows) => rows.slice(5));
    expect(sorted(labelled)).toHaveLength(6);
    // 96 places for 6 images: each of them 16 times.
    for (const row of sorted(labelled)) expect(labelled.filter((other) => other === row)).toHaveLength(16);
  });

  it('shows noise to the teacher, alone where nothing has labels', () => {
    const mixed = select({ batchSize: 8, loss: [told, taught], data: { transfer: 'noise' } });
    expect(mixed).toMatchObject({ transfer: 4, perEpoch: 30, images: 0.5 });
    const [rows] = shown(mixed, 1) as [number[]];
    expect(rows.slice(0, 4)).toEqual(new Array(4).fill(NOISE_ROW));
    expect(rows.slice(4).every((row) => row >= 0)).toBe(true);
    const alone = select({ batchSize: 8, loss: [taught], data: { transfer: 'noise' } });
    expect(alone).toMatchObject({ transfer: null, perEpoch: 15, images: 0 });
    expect(new Set(shown(alone, 2).flat())).toEqual(new Set([NOISE_ROW]));
  });

  it('is not divided where nobody looks at other images', () => {
    const all = { batchSize: 8, data: { transfer: 'all', labelled: 30 } } as const;
    expect(select({ ...all, loss: [taught] })).toMatchObject({ transfer: null, perEpoch: 15 });
    expect(select({ ...all, loss: [told] })).toMatchObject({ transfer: null, perEpoch: 3 });
    expect(select({ ...all, loss: [told, taught], data: { transfer: 'all' } })).toMatchObject({ transfer: null });
  });

  it('leaves classes out of everything', () => {
    const selection = select({
      batchSize: 8,
      loss: [told, taught],
      data: { without: [1], labelled: 10, transfer: 'all' },
    });
    expect(selection.perEpoch).toBe(20);
    const rows = shown(selection, 20).flat();
    expect(new Set(rows.map(labelOf))).toEqual(new Set([0, 2]));
  });
});
