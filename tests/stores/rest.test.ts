import { beforeEach, describe, expect, it } from 'vitest';
import type { OpenResult } from '#worker/protocol';
import { accuracy, digits, freshStores, type Stores, settle, summary } from './setting';

let s: Stores;
beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
});
const file = (name = 'model.h5'): File => new File([new Uint8Array([1, 2, 3])], name);
const opened: OpenResult = {
  model: summary('m', { name: 'dropped' }),
  format: 'keras-h5',
  notes: [{ level: 'info', words: { en: 'a note', zh: '' } }],
  fits: ['digits'],
};

describe('opening', () => {
  it('adds the model, proposes the data set that fits, and measures it there', async () => {
    const done = s.openFiles([file()]);
    expect(s.transfer.getState().opening?.names).toEqual(['model.h5']);
    const call = await s.next('open');
    expect(call.request.files[0]?.bytes).toEqual(new Uint8Array([1, 2, 3]));
    call.progress({ done: 0.5 });
    expect(s.transfer.getState().opening?.done).toBe(0.5);
    call.resolve(opened);
    (await s.next('loadDataset')).resolve(digits);
    const validation = await s.next('evaluate');
    expect(validation.request).toEqual({ model: 'm', dataset: 'digits', split: 'validation' });
    validation.resolve(accuracy(0.9));
    (await s.next('evaluate')).resolve(accuracy(0.8));
    await done;
    expect(s.selectedNode()).toMatchObject({
      name: 'dropped',
      dataset: 'digits',
      validation: { value: 0.9 },
      test: { value: 0.8 },
      notes: [{ en: 'a note' }],
      origin: { kind: 'opened', file: 'model.h5' },
    });
    expect(s.transfer.getState()).toMatchObject({ opening: null, opened: { format: 'keras-h5' } });
  });

  it('prefers the data set that the file names, and measures nothing where none fits', async () => {
    void s.openFiles([file()]);
    (await s.next('open')).resolve({
      ...opened,
      model: summary('m', { meta: { source: 'keras-h5', dataset: 'fashion-mnist' } }),
      fits: ['mnist', 'fashion-mnist'],
    });
    expect((await s.next('loadDataset')).request.id).toBe('fashion-mnist');
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, model: summary('n'), fits: [] });
    await done;
    expect(s.selectedNode()).toMatchObject({ model: 'n', dataset: null });
    expect(s.asked.filter(({ name }) => name === 'evaluate')).toHaveLength(0);
  });

  it('changes nothing when a file cannot be read, and says why', async () => {
    const done = s.openFiles([file()]);
    (await s.next('open')).reject(
      new s.FaultError({ code: 'h5-truncated', file: 'model.h5', words: { en: 'cut short', zh: '' } }),
    );
    await done;
    expect(s.transfer.getState()).toMatchObject({
      opening: null,
      openFault: { code: 'h5-truncated', file: 'model.h5' },
    });
    expect(s.project.getState().order).toEqual([]);
    s.dismiss();
    expect(s.transfer.getState().openFault).toBeNull();
  });

  it('refuses what is too large or too many before reading, and what has gone while reading', async () => {
    const huge = Object.defineProperty(file('huge.h5'), 'size', { value: 5e9 });
    await s.openFiles([huge]);
    expect(s.transfer.getState().openFault).toMatchObject({ code: 'too-large', file: 'huge.h5' });
    await s.openFiles(Array.from({ length: 2001 }, () => file()));
    expect(s.transfer.getState().openFault?.code).toBe('too-many-files');
    const gone = Object.assign(file('gone.h5'), {
      arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')),
    });
    await s.openFiles([gone]);
    expect(s.transfer.getState().openFault).toMatchObject({ code: 'unreadable', file: 'gone.h5' });
    expect(s.asked).toEqual([]);
  });

  it('gives a file up when another one is dropped', async () => {
    const first = s.openFiles([file('a.h5')]);
    const call = await s.next('open');
    void s.openFiles([file('b.h5')]);
    expect(call.signal?.aborted).toBe(true);
    await first;
    expect(s.transfer.getState()).toMatchObject({ opening: { names: ['b.h5'] }, openFault: null });
  });
});

describe('export', () => {
  it('offers the file that was read back, and forgets it when something else is asked for', async () => {
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, fits: [] });
    await done;
    s.setFormat('keras-h5');
    const out = s.exportModel();
    const call = await s.next('export');
    expect(call.request).toEqual({
      model: 'm',
      name: 'dropped',
      dataset: null,
      format: 'keras-h5',
      unsupportedGrids: 'float',
    });
    call.progress({ done: 0.4 });
    expect(s.transfer.getState().exporting).toBe(0.4);
    call.resolve({
      fileName: 'x.h5',
      bytes: new Uint8Array(1200),
      validation: null,
      test: null,
      largestDifference: null,
      notes: [],
    });
    await out;
    expect(s.transfer.getState()).toMatchObject({
      exporting: null,
      ready: { node: s.selectedNode()?.id, result: { fileName: 'x.h5' } },
    });
    expect(s.view.getState().announcement?.en).toBe('x.h5 is ready, 1.2 kB.');
    s.setGrids('requantize');
    expect(s.transfer.getState().ready).toBeNull();
  });

  it('is asked for under the name on the page, and forgets the file that has an older one', async () => {
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, fits: [] });
    await done;
    const out = s.exportModel();
    (await s.next('export')).resolve({
      fileName: 'dropped.zip',
      bytes: new Uint8Array(1200),
      validation: null,
      test: null,
      largestDifference: null,
      notes: [],
    });
    await out;
    expect(s.transfer.getState().ready).not.toBeNull();
    s.rename(s.selectedNode()?.id ?? '', 'Mine');
    expect(s.transfer.getState().ready).toBeNull();
    void s.exportModel();
    expect((await s.next('export')).request).toMatchObject({ name: 'Mine' });
  });

  it.each([
    ['a vote', 'tfjs-layers', { kind: 'ensemble', ensemble: { way: 'majority-vote', values: {}, members: [] } }],
    ['a mean', 'keras-h5', { kind: 'ensemble', ensemble: { way: 'x', values: {}, members: [], oneGraph: true } }],
    [
      'trees',
      'tfjs-layers',
      { kind: 'trees', trees: { method: 'x', trees: 1, depth: 1, comparisons: 1, features: 'pixels' } },
    ],
  ] as const)('writes %s in a format that can hold it', async (_, format, more) => {
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, model: summary('e', more), fits: [] });
    await done;
    s.setFormat('keras-h5');
    void s.exportModel();
    expect((await s.next('export')).request.format).toBe(format);
  });

  it('says why it failed', async () => {
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, fits: [] });
    await done;
    const out = s.exportModel();
    (await s.next('export')).reject(new s.FaultError({ code: 'w', words: { en: 'no words for it', zh: '' } }));
    await out;
    expect(s.transfer.getState()).toMatchObject({ exporting: null, exportFault: { words: { en: 'no words for it' } } });
  });
});

describe('data sets', () => {
  it('load once, with progress, and again after a failure', async () => {
    const first = s.loadDataset('mnist');
    const second = s.loadDataset('mnist');
    const call = await s.next('loadDataset');
    call.progress({ loaded: 1, total: 4 });
    expect(s.datasets.getState().loading).toEqual({ mnist: 0.25 });
    call.reject(new s.FaultError({ code: 'dataset-fetch', words: { en: 'offline', zh: '' } }));
    expect(await Promise.all([first, second])).toEqual([false, false]);
    expect(s.datasets.getState()).toMatchObject({ loading: {}, faults: { mnist: { words: { en: 'offline' } } } });
    const third = s.loadDataset('mnist');
    (await s.next('loadDataset')).resolve({ ...digits, id: 'mnist' });
    expect(await third).toBe(true);
    expect(s.datasets.getState()).toMatchObject({ faults: {}, loaded: { mnist: { id: 'mnist' } } });
    expect(await s.loadDataset('mnist')).toBe(true);
    expect(s.asked).toEqual([]);
  });

  it('follow the choice, which is kept; an opened model is measured on the new one', async () => {
    void s.openFiles([file()]);
    (await s.next('open')).resolve({
      ...opened,
      model: summary('m', { inputShape: [28, 28, 1] }),
      fits: ['mnist', 'fashion-mnist'],
    });
    await settle();
    expect(s.datasets.getState().selected).toBe('mnist');
    void s.selectDataset('fashion-mnist');
    expect(s.selectedNode()).toMatchObject({ dataset: 'fashion-mnist', validation: null });
    expect((await s.next('evaluate')).request).toMatchObject({ dataset: 'fashion-mnist' });
    s = await freshStores();
    expect(s.datasets.getState().selected).toBe('fashion-mnist');
  });
});

describe('the editor', () => {
  const kinds = (): string[] => s.build.getState().architecture.rows.map(({ kind }) => kind);
  it('adds, removes, moves and changes rows; residual adds keep their row', () => {
    s.setRows([
      { kind: 'conv2d', filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
      { kind: 'conv2d', filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
      { kind: 'residualAdd', from: 1 },
      { kind: 'flatten' },
    ]);
    s.addRow('batchNorm', 0);
    expect(kinds()).toEqual(['batchNorm', 'conv2d', 'conv2d', 'residualAdd', 'flatten']);
    expect(s.build.getState().architecture.rows[3]).toEqual({ kind: 'residualAdd', from: 2 });
    s.removeRow(0);
    expect(s.build.getState().architecture.rows[2]).toEqual({ kind: 'residualAdd', from: 1 });
    s.moveRow(0, 1);
    expect(s.build.getState().architecture.rows[2]).toEqual({ kind: 'residualAdd', from: 2 });
    s.updateRow(0, { filters: 12 });
    expect(s.build.getState().architecture.rows[0]).toMatchObject({ filters: 12 });
    s.moveRow(0, 9);
    expect(kinds()).toEqual(['conv2d', 'conv2d', 'residualAdd', 'flatten']);
    s.addRow('residualAdd', 4);
    expect(s.build.getState().architecture.rows.at(-1)).toEqual({ kind: 'residualAdd', from: 3 });
  });
  it('keeps edited rows when the data set changes, and makes the template anew otherwise', () => {
    void s.selectDataset('mnist');
    const fresh = s.build.getState().architecture;
    s.removeRow(0);
    void s.selectDataset('digits');
    expect(s.build.getState().architecture).toMatchObject({ input: [8, 8, 1], rows: fresh.rows.slice(1) });
  });
});

describe('the device', () => {
  it('collects reports and takes the answer of the latest choice only', async () => {
    const first = s.chooseBackend('auto');
    const slow = await s.next('start');
    slow.progress({ name: 'wasm', description: '', software: false, available: true });
    slow.progress({ name: 'wasm', description: '', software: false, available: true, imagesPerSecond: 5 });
    expect(s.device.getState()).toMatchObject({ status: 'starting', backends: [{ name: 'wasm', imagesPerSecond: 5 }] });
    const second = s.chooseBackend('cpu');
    const quick = await s.next('start');
    quick.resolve({ backends: [], chosen: 'cpu', saved: true });
    await second;
    slow.resolve({ backends: [], chosen: 'wasm', saved: true });
    await first;
    expect(s.device.getState()).toMatchObject({ status: 'ready', chosen: 'cpu', asked: 'cpu' });
  });
  it('says when nothing can compute', async () => {
    const start = s.chooseBackend('auto');
    (await s.next('start')).reject(new s.FaultError({ code: 'engine-backend', words: { en: 'nothing', zh: '' } }));
    await start;
    expect(s.device.getState()).toMatchObject({ status: 'failed', fault: { words: { en: 'nothing' } } });
  });
});

describe('the view', () => {
  it('keeps language, colours and axis', async () => {
    s.setLanguage('zh');
    s.setScheme('dark');
    s.setAxis('macs');
    s.setTab('train');
    s = await freshStores();
    expect(s.view.getState()).toMatchObject({ language: 'zh', scheme: 'dark', axis: 'macs', tab: 'data' });
    localStorage.setItem('whittle.view', '{"language":"xx","axis":7}');
    s = await freshStores();
    expect(s.view.getState()).toMatchObject({ language: 'en', scheme: 'auto', axis: 'parameters' });
    localStorage.setItem('whittle.view', 'not json');
    expect((await freshStores()).view.getState().language).toBe('en');
  });
  it('shows at most five notices', () => {
    const ids = Array.from({ length: 7 }, (_, at) => s.notify({ level: 'info', words: { en: `${at}`, zh: '' } }));
    expect(s.view.getState().notices.map(({ words }) => words.en)).toEqual(['2', '3', '4', '5', '6']);
    s.notify({ level: 'info', words: { en: '3', zh: '' } });
    expect(s.view.getState().notices.map(({ words }) => words.en)).toEqual(['2', '4', '5', '6', '3']);
    s.dismissNotice(ids[4] as number);
    expect(s.view.getState().notices).toHaveLength(4);
  });
});

describe('time of one image', () => {
  it('is measured for each model once, while nothing else goes on', async () => {
    const done = s.openFiles([file()]);
    (await s.next('open')).resolve({ ...opened, fits: [] });
    await done;
    s.startBackground(s.device);
    await settle();
    expect(s.asked).toEqual([]);
    s.device.setState({ status: 'ready' });
    const result = { backend: 'cpu', medianMs: 1.5, p95Ms: 2, runs: 30 } as const;
    (await s.next('latency')).resolve(result);
    await settle();
    expect(s.selectedNode()?.latency).toEqual(result);
    await settle();
    expect(s.asked.filter(({ name }) => name === 'latency')).toHaveLength(0);
  });
});
