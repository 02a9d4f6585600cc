/** What single layers cost: asked for once, kept as it comes, and turned into a recipe within a budget. */
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, it } from 'vitest';
import { LEVELS } from '#core/sensitivity';
import { budgetSteps, withinBudget } from '#stores/sensitivity';
import type { LayerSummary, SensitivityCell } from '#worker/protocol';
import { freshStores, openedNode, type Stores, settle, summary } from './setting';

let s: Stores;
const layer = (name: string, kind: LayerSummary['kind'], parameters = 10): LayerSummary => ({
  name,
  kind,
  inputs: [],
  shape: [1],
  parameters,
  nonZero: parameters,
  macs: 1,
  encoding: { kind: 'dense', sparsity: 0 },
});
const layers = [
  layer('image', 'input', 0),
  layer('conv', 'conv2d'),
  layer('deep', 'depthwiseConv2d'),
  layer('dense', 'dense'),
];
const node = openedNode('n', { name: 'Small CNN', model: 'm', summary: summary('m', { layers }) });
const cell = (name: string, level: number, lost: number | null): SensitivityCell => ({
  layer: name,
  level,
  alone:
    lost === null
      ? null
      : {
          layer: name,
          images: 300,
          accuracy: { value: 0.9 - lost, low: 0, high: 1 },
          difference: { value: -lost, low: -1, high: 1 },
        },
});

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  s.addNode(node);
});

describe('measuring', () => {
  it('asks for the layers that can be made worse, keeps cells as they come, and one measurement runs at a time', async () => {
    s.setDegradation('rank');
    void s.measure();
    void s.measure();
    await settle();
    const call = await s.next('sensitivity');
    expect(s.asked).toEqual([]);
    // A depthwise convolution has no factorisation; inputs have no weights.
    expect(call.request).toEqual({
      model: 'm',
      dataset: 'digits',
      degradation: 'rank',
      layers: ['conv', 'dense'],
      levels: LEVELS.rank,
      images: 1000,
    });
    call.progress(cell('conv', 0.75, 0.1));
    call.progress(cell('conv', 0.75, 0.2));
    const key = s.scanKey(node, s.sensitivity.getState());
    expect(s.sensitivity.getState().scans[key]?.map(({ alone }) => alone?.difference.value)).toEqual([-0.2]);
    expect(s.sensitivity.getState().running).toEqual({ key, done: 2 / 12 });
    s.stopMeasuring();
    expect(call.signal?.aborted).toBe(true);
    await settle();
    // What was found stays.
    expect(s.sensitivity.getState()).toMatchObject({ running: null, fault: null });
    expect(s.sensitivity.getState().scans[key]).toHaveLength(1);
  });

  it('is asked about a model on its data set, and says why it failed', async () => {
    s.patchNode('n', { dataset: null });
    await s.measure();
    expect(s.asked).toEqual([]);
    s.patchNode('n', { dataset: 'digits' });
    const run = s.measure();
    (await s.next('sensitivity')).reject(new s.FaultError({ code: 'memory', words: { en: 'full', zh: '' } }));
    await run;
    expect(s.sensitivity.getState()).toMatchObject({ running: null, fault: { words: { en: 'full' } } });
  });

  it('compares a model with the one it came from, anew each time', async () => {
    s.addNode({ ...node, id: 'q', model: 'mq', parent: 'n' });
    const run = s.measureHurts('n');
    const call = await s.next('whichHurts');
    expect(call.request).toEqual({ model: 'mq', before: 'm', dataset: 'digits', images: 1000 });
    const hurt = { ...(cell('conv', 0, 0.1).alone as NonNullable<SensitivityCell['alone']>), decibels: 12 };
    call.progress(hurt);
    call.resolve([hurt]);
    await run;
    expect(Object.values(s.sensitivity.getState().hurts)).toEqual([[hurt]]);
  });
});

describe('what was measured', () => {
  const key = (): string => s.scanKey(node, s.sensitivity.getState());
  const kept = () => s.project.getState().nodes['n']?.layersAlone;
  /** Measures all of these layers, or some and then breaks off. */
  async function scan(names: readonly string[], breakOff = false): Promise<void> {
    const run = s.measure();
    const call = await s.next('sensitivity');
    expect(call.request).toMatchObject({ layers: ['conv', 'deep', 'dense'].filter((name) => !known().has(name)) });
    for (const name of names) for (const level of LEVELS.sparsity) call.progress(cell(name, level, 0.01));
    if (breakOff) s.stopMeasuring();
    else call.resolve([]);
    await run;
  }
  const known = () => new Set(s.sensitivity.getState().scans[key()]?.map(({ layer: name }) => name));

  /** A reload: new stores over what the last ones stored. */
  async function reload(): Promise<void> {
    globalThis.dispatchEvent(new Event('pagehide'));
    await settle();
    s = await freshStores();
    const restored = s.restoreProject();
    (await s.next('held')).resolve(['m', 'mq', 'm2']);
    await restored;
  }
  beforeEach(async () => {
    globalThis.indexedDB = new IDBFactory();
    s = await freshStores();
    await s.restoreProject();
    s.addNode(node);
  });

  it('is there after a reload, and goes on with the layers that are left', async () => {
    await scan(['conv'], true);
    await reload();
    expect([...known()]).toEqual(['conv']);
    const run = s.measure();
    const call = await s.next('sensitivity');
    expect(call.request).toMatchObject({ layers: ['deep', 'dense'], levels: LEVELS.sparsity });
    call.resolve([]);
    await run;
  });

  it('is kept layer by layer, so that a page that is closed loses one layer at most', async () => {
    void s.measure();
    const call = await s.next('sensitivity');
    for (const level of LEVELS.sparsity) call.progress(cell('conv', level, 0.01));
    call.progress(cell('deep', LEVELS.sparsity[0] as number, 0.01));
    expect(kept()?.scans[key()]).toHaveLength(LEVELS.sparsity.length);
  });

  it('leaves with its model and comes back with it', async () => {
    await scan(['conv', 'deep', 'dense']);
    s.remove('n');
    await reload();
    expect(s.project.getState().order).toEqual([]);
    s.undo();
    expect([...known()]).toEqual(['conv', 'deep', 'dense']);
    // Beyond undo nothing of it is left.
    s.project.setState({ order: [], past: [], future: [] });
    await reload();
    expect(s.sensitivity.getState().scans).toEqual({});
  });

  it('is bounded: the questions asked last stay', async () => {
    for (const images of [1, 2, 3, 4, 5, 6, 7]) {
      s.setImages(images);
      await scan(['conv']);
    }
    s.setImages(2);
    await scan(['deep']);
    const asked = Object.keys(kept()?.scans ?? {}).map((one) => (JSON.parse(one) as unknown[])[3]);
    expect(asked).toEqual([3, 4, 5, 6, 7, 2]);
  });

  it('of a comparison is kept whole or not at all', async () => {
    s.addNode({ ...node, id: 'q', model: 'mq', parent: 'n' });
    const hurt = { ...(cell('conv', 0, 0.1).alone as NonNullable<SensitivityCell['alone']>), decibels: 12 };
    const broken = s.measureHurts('n');
    (await s.next('whichHurts')).progress(hurt);
    s.stopMeasuring();
    await broken;
    expect(s.sensitivity.getState().hurts).toEqual({});
    const run = s.measureHurts('n');
    const call = await s.next('whichHurts');
    call.progress(hurt);
    call.resolve([hurt]);
    await run;
    await reload();
    expect(Object.values(s.sensitivity.getState().hurts)).toEqual([[hurt]]);
  });
});

describe('a budget', () => {
  const cells = [
    cell('conv', 8, 0),
    cell('conv', 6, 0.004),
    cell('conv', 5, 0.02),
    // Beyond a level that costs too much a lucky one does not count.
    cell('conv', 4, 0.001),
    cell('dense', 8, null),
    cell('dense', 6, 0.001),
    cell('deep', 8, 0.3),
  ];
  it('takes each layer to its last level before the first that costs more', () => {
    expect([...withinBudget(cells, LEVELS.bits, 0.005)]).toEqual([
      ['conv', 6],
      ['dense', 6],
    ]);
    expect([...withinBudget(cells, LEVELS.bits, 0)]).toEqual([['conv', 8]]);
  });

  it('becomes a step for each layer, in the order of the layers', () => {
    const chosen = new Map([
      ['dense', 6],
      ['conv', 4],
    ]);
    const steps = budgetSteps(node, 'bits', chosen);
    expect(steps.map(({ pass, values }) => [pass, values['bits'], values['layers']])).toEqual([
      ['weight-quantization', 4, ['conv']],
      ['weight-quantization', 6, ['dense']],
    ]);
    s.proposeSteps(steps);
    expect(s.recipes.getState().drafts['n']).toMatchObject({
      start: 'n',
      steps: [{}, { step: { values: { bits: 6 } } }],
    });
    expect(s.view.getState().optimizeView).toBe('recipe');
    s.takeStep(steps[1] as (typeof steps)[number]);
    expect(s.optimize.getState()).toMatchObject({
      method: 'weight-quantization',
      values: { 'weight-quantization': { bits: 6, layers: ['dense'] } },
    });
  });
});
