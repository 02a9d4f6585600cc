/** Only the changed part of a model is computed again, and gives the same bytes as all of it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { tensorOf, withActivationGrids, withTensor } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { evaluateChanged, makeArrayStore } from '#engine/activations';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { cutAtFirstChange } from '#engine/cut';
import { evaluate } from '#engine/evaluate';
import { makeBars } from './bars';

const line: Architecture = {
  name: 'Line',
  input: [8, 8, 1],
  classes: 3,
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
    { kind: 'flatten' },
    { kind: 'dense', units: 6, activation: 'relu', bias: true },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ],
};
const residual: Architecture = {
  ...line,
  name: 'Residual',
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'residualAdd', from: 1 },
    { kind: 'globalAveragePool2d' },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ],
};
/** 300 images: two whole batches and a part of one. */
const bars = makeBars({ train: 32, validation: 300, test: 32 });

/** The model with some weights of its n-th kernel turned round: the first of each `every`. */
function changed(model: Model, n: number, every = 2): Model {
  const layer = model.layers.filter((one) => 'kernel' in one)[n];
  if (!layer) throw new Error('no such layer');
  const tensor = tensorOf(model, layer, 'kernel');
  if (!tensor) throw new Error('no kernel');
  const data = tensor.data.map((value, i) => (i % every ? value : -value));
  return withTensor(model, layer.name, 'kernel', makeTensor(tensor.shape, data));
}

const gridOf = (scale: number): GridValues => ({
  kind: 'grid',
  bits: 8,
  qMin: -128,
  qMax: 127,
  scale: Float32Array.of(scale),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: true,
});

describe('cutAtFirstChange', () => {
  const base = createModel(line, 1);
  const cutAt = (model: Model, other: Model): string | undefined => cutAtFirstChange(model, other)?.before.outputs[0];

  it('cuts just before the first layer that differs', () => {
    const kinds = new Map(base.layers.map(({ name, kind }) => [name, kind]));
    expect(cutAtFirstChange(base, changed(base, 0))).toBeNull();
    expect(cutAtFirstChange(base, base)).toBeNull();
    expect(kinds.get(cutAt(base, changed(base, 1)) as string)).toBe('flatten');
    const last = cutAtFirstChange(base, changed(base, 2));
    expect(last?.after.layers.map(({ kind }) => kind)).toEqual(['input', 'dense']);
    expect(last?.after.layers[0]).toMatchObject({ shape: [6] });
  });

  it('cuts before a grid that differs, and rounds once', () => {
    const names = base.layers.map(({ name }) => name);
    const on = (scales: Readonly<Record<string, number>>): Model =>
      withActivationGrids(base, Object.fromEntries(Object.entries(scales).map(([name, s]) => [name, gridOf(s)])));
    const [input, , pool, flat, hidden] = names as [string, string, string, string, string];
    const both = { [input]: 0.1, [pool]: 0.1 };
    const cut = cutAtFirstChange(on(both), on({ ...both, [hidden]: 0.2 }));
    expect(cut?.before.outputs).toEqual([flat]);
    expect(Object.keys(cut?.before.activationGrids ?? {})).toEqual([input, pool]);
    expect(Object.keys(cut?.after.activationGrids ?? {})).toEqual([hidden]);
    expect(cutAtFirstChange(on({ [input]: 0.1 }), on({ [input]: 0.2 }))).toBeNull();
    // The cut lies at the rounded layer itself: its values are rounded before they are kept.
    const grids = { [flat]: gridOf(0.1) };
    const at = cutAtFirstChange(withActivationGrids(base, grids), withActivationGrids(changed(base, 1), grids));
    expect(at?.before.activationGrids).toEqual(grids);
    expect(at?.after.activationGrids).toBeUndefined();
  });

  it('never cuts through a residual block', () => {
    const model = createModel(residual, 1);
    const { before } = cutAtFirstChange(model, changed(model, 2)) as { before: Model };
    // The block's input is read again by its sum: the cut lies there.
    expect(before.layers.filter(({ kind }) => kind === 'conv2d')).toHaveLength(1);
  });

  it('does not cut where a sigmoid would be taken for the answer', () => {
    const rows = line.rows.map((row) =>
      row.kind === 'dense' && row.units === 6 ? { ...row, activation: 'sigmoid' as const } : row,
    );
    const model = createModel({ ...line, rows }, 1);
    expect(cutAt(model, changed(model, 2))).toBe(cutAt(base, changed(base, 1)));
  });
});

const backends: [string, () => Promise<Backend>][] = [
  ['cpu', makeCpuBackend],
  ['wasm', makeWasmBackend],
];
describe.each(backends)('evaluateChanged on %s', (_name, make) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await make();
  });

  it('gives what evaluate gives, in whole and in parts', async () => {
    for (const architecture of [line, residual]) {
      const base = createModel(architecture, 2);
      for (const n of [0, 1, 2]) {
        const model = changed(base, n);
        const whole = await evaluate(backend, { kind: 'model', model }, bars, 'validation');
        const ask = (from?: number, images?: number) =>
          evaluateChanged(backend, base, model, bars, 'validation', { from, images });
        expect(await ask()).toEqual(whole);
        expect(await ask()).toEqual(whole);
        expect((await ask(128)).correct).toEqual(whole.correct.subarray(128));
        expect((await ask(0, 50)).correct).toEqual(whole.correct.subarray(0, 50));
        expect((await ask(256, 10)).correct).toEqual(whole.correct.subarray(256, 266));
      }
    }
  });

  it('gives what evaluate gives with activations on grids, whatever their scales', async () => {
    const plain = createModel(line, 2);
    const names = plain.layers.map(({ name }) => name);
    const ask = (model: Model) => evaluate(backend, { kind: 'model', model }, bars, 'validation');
    for (const scale of [0.05, 0.2, 0.05]) {
      const grids = Object.fromEntries(names.map((name) => [name, gridOf(scale)]));
      for (const n of [1, 2]) {
        const model = withActivationGrids(changed(plain, n), grids);
        const whole = await ask(model);
        const base = withActivationGrids(plain, grids);
        expect(await evaluateChanged(backend, base, model, bars, 'validation')).toEqual(whole);
        expect(whole.loss).not.toBe((await ask(changed(plain, n))).loss);
      }
    }
  });

  it('runs the unchanged part once', async () => {
    const base = createModel(line, 3);
    const fresh = await make();
    let runs = 0;
    const counted: Backend = {
      ...fresh,
      async compile(plan) {
        const program = await fresh.compile(plan);
        const isFirst = plan.steps.some(({ op }) => op.kind === 'conv2d');
        return {
          ...program,
          run() {
            if (isFirst) runs++;
            program.run();
          },
        };
      },
    };
    await evaluateChanged(counted, base, changed(base, 2), bars, 'validation');
    expect(runs).toBe(3);
    // Another change of the same layer, and the rest of what was asked for in part.
    await evaluateChanged(counted, base, changed(base, 2, 3), bars, 'validation', { images: 256 });
    await evaluateChanged(counted, base, changed(base, 2, 5), bars, 'validation', { from: 256 });
    expect(runs).toBe(3);
    await evaluateChanged(counted, base, changed(base, 0), bars, 'validation');
    expect(runs).toBe(6);
  });
});

describe('the store of activations', () => {
  const array = (floats: number) => new Float32Array(floats);
  it('stays within its bytes: groups longest unused go, its own group does not', () => {
    const store = makeArrayStore(100);
    store.set('a', 0, array(10));
    store.set('b', 0, array(10));
    expect(store.bytes()).toBe(80);
    store.get('a', 0);
    store.set('c', 0, array(10));
    expect(store.get('b', 0)).toBeUndefined();
    expect(store.get('a', 0)).toHaveLength(10);
    // c grows: a goes, then there is room for no more than two of c.
    store.set('c', 1, array(10));
    expect(store.get('a', 0)).toBeUndefined();
    store.set('c', 2, array(10));
    expect(store.get('c', 2)).toBeUndefined();
    expect(store.get('c', 0)).toHaveLength(10);
    expect(store.bytes()).toBe(80);
    store.set('c', 0, array(5));
    expect(store.bytes()).toBe(60);
    store.set('d', 0, array(1000));
    expect(store.bytes()).toBeLessThanOrEqual(100);
  });
});
