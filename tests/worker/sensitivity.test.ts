/** What single layers cost, on a real model: against what the whole change costs, and against the model itself. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import type { Alone, ModelId, SensitivityCell } from '#worker/protocol';
import { makeSetting, type Setting, trainTiny } from './setting';

let setting: Setting;
let trained: ModelId;
let right: number;
const names = { conv: '', hidden: '', last: '' };
const images = 200;

/** How often a program ran. */
let runs = 0;
const makeBackend = async (): Promise<Backend> => {
  const backend = await makeCpuBackend();
  const compile: Backend['compile'] = async (plan) => {
    const program = await backend.compile(plan);
    return {
      ...program,
      run: () => {
        runs++;
        program.run();
      },
    };
  };
  return { ...backend, compile };
};

beforeAll(async () => {
  setting = makeSetting({ makeBackend });
  const run = await trainTiny(setting, [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: true },
  ]);
  trained = run.model.id;
  right = run.validation.value;
  const [conv, hidden, last] = run.model.layers.filter(({ parameters }) => parameters > 0).map(({ name }) => name);
  Object.assign(names, { conv, hidden, last });
}, 60_000);

const scan = (
  degradation: 'sparsity' | 'bits' | 'rank',
  levels: readonly number[],
  onProgress: (cell: SensitivityCell) => void = () => undefined,
  signal?: AbortSignal,
) =>
  setting.call(
    'sensitivity',
    { model: trained, dataset: 'digits', degradation, layers: Object.values(names), levels, images },
    { onProgress, ...(signal ? { signal } : {}) },
  );

describe('sensitivity', () => {
  it('measures each layer at each level, tells each cell, and asked again knows', async () => {
    const told: SensitivityCell[] = [];
    const cells = await scan('sparsity', [0, 0.98], (cell) => told.push(cell));
    expect(told).toEqual(cells);
    expect(cells.map(({ layer, level }) => [layer, level])).toEqual(
      Object.values(names).flatMap((layer) => [0, 0.98].map((level) => [layer, level])),
    );
    const at = (layer: string, level: number) =>
      cells.find((cell) => cell.layer === layer && cell.level === level)?.alone as Alone;
    // Nothing taken away: the same answers, and still an interval.
    expect(at(names.conv, 0)).toMatchObject({ images, difference: { value: 0 } });
    expect(at(names.conv, 0).difference.high).toBeGreaterThan(0);
    const emptied = at(names.hidden, 0.98);
    expect(emptied.difference.high).toBeLessThan(-0.05);
    expect(emptied.accuracy.value - emptied.difference.value).toBeCloseTo(at(names.hidden, 0).accuracy.value, 12);
    expect(emptied.accuracy.low).toBeLessThan(emptied.accuracy.value);
    const before = runs;
    expect(before).toBeGreaterThan(0);
    expect(await scan('sparsity', [0, 0.98])).toEqual(cells);
    expect(runs).toBe(before);
  }, 30_000);

  it('gives the reason where a layer cannot be taken so far', async () => {
    const cells = await scan('rank', [0.9, 0.1]);
    const dense = cells.filter(({ layer }) => layer === names.hidden);
    expect(dense[0]).toMatchObject({
      level: 0.9,
      alone: null,
      reason: { en: expect.stringContaining('stays as it is') },
    });
    expect(dense[1]?.alone?.accuracy.value).toBeLessThanOrEqual(1);
  }, 30_000);

  it('can be broken off', async () => {
    const stop = new AbortController();
    const broken = scan('bits', [7, 6, 5], () => stop.abort(), stop.signal);
    await expect(broken).rejects.toMatchObject({ code: 'aborted' });
  }, 30_000);
});

describe('which layer hurts', () => {
  it('looks at each layer that differs, alone, with its signal to noise', async () => {
    const steps = [{ pass: 'weight-quantization', values: { bits: 2, layers: [names.conv, names.last] } }];
    const recipe = { version: 1, seed: 1, steps } as const;
    const made = await setting.call('apply', { model: trained, dataset: 'digits', recipe, name: 'small', parents: {} });
    const asked = { model: made.model.id, before: trained, dataset: 'digits', images: 1e9 } as const;
    const found = await setting.call('whichHurts', asked);
    expect(found.map(({ layer }) => layer)).toEqual([names.conv, names.last]);
    for (const { images: seen, accuracy, difference, decibels } of found) {
      expect(seen).toBe(300);
      expect(accuracy.value - difference.value).toBeCloseTo(right, 12);
      expect(decibels).toBeGreaterThan(0);
      expect(decibels).toBeLessThan(20);
    }
    // One layer alone is the whole difference where only one differs.
    const only = [{ pass: 'weight-quantization', values: { bits: 2, layers: [names.hidden] } }];
    const one = await setting.call('apply', {
      model: trained,
      dataset: 'digits',
      recipe: { ...recipe, steps: only },
      name: 'small',
      parents: {},
    });
    const [hidden] = await setting.call('whichHurts', { ...asked, model: one.model.id });
    expect(hidden?.accuracy.value).toBe(one.validation?.value);
    expect(await setting.call('whichHurts', { ...asked, model: trained })).toEqual([]);
  }, 30_000);
});
