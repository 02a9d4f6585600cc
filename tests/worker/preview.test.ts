/** What a slider's move asks for and what it does not: the order of its answers, and what is done how often over a drag. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Values } from '#core/params';
import { passById } from '#core/passes/index';
import type { Format } from '#formats/format';
import { FORMATS } from '#formats/index';
import type { Calls, ModelId, PreviewResult } from '#worker/protocol';
import { makeSetting, type Setting, trainTiny } from './setting';

let setting: Setting;
let trained: ModelId;

beforeAll(async () => {
  setting = makeSetting();
  trained = (await trainTiny(setting)).model.id;
}, 60_000);
afterEach(() => vi.restoreAllMocks());

const question = (pass: string, values: Values, rest: boolean) =>
  ({ model: trained, dataset: 'digits', step: { pass, values }, seed: 1, parents: {}, rest }) as const;
const pruned = (sparsity: number, rest = false) => question('magnitude-pruning', { sparsity, scope: 'layer' }, rest);

/** Watches the writer of the files whose bytes are shown. */
const watchWriting = () => vi.spyOn(FORMATS[0] as unknown as { write: NonNullable<Format['write']> }, 'write');

/** All answers of a preview, the last one too. */
async function answers(asked: Calls['preview']['request'], from = setting): Promise<readonly PreviewResult[]> {
  const told: PreviewResult[] = [];
  const last = await from.call('preview', asked, { onProgress: (one) => told.push(one) });
  return [...told, last];
}

describe('a drag', () => {
  it('writes no file at its moves, and one when the slider rests', async () => {
    const writing = watchWriting();
    for (let move = 1; move <= 10; move++) {
      const told = await answers(pruned(0.3 + 0.01 * move));
      expect(told.every(({ isWritten, accuracy }) => !isWritten && accuracy !== null)).toBe(true);
    }
    expect(writing).toHaveBeenCalledTimes(0);
    const rested = await answers(pruned(0.4, true));
    expect(writing).toHaveBeenCalledTimes(1);
    // Every answer but the last says that its bytes are an estimate; accuracy is seen on ever more images, and the file comes last.
    expect(rested.map(({ isWritten }) => isWritten)).toEqual([...rested.slice(1).map(() => false), true]);
    const images = rested.map(({ accuracy }) => accuracy?.images ?? 0);
    expect(images).toEqual([...images].sort((a, b) => a - b));
    expect(images.slice(-2)).toEqual([300, 300]);
    // The same place again is answered from memory, as it was counted.
    expect(await answers(pruned(0.4))).toEqual([rested.at(-1)]);
    expect(writing).toHaveBeenCalledTimes(1);
  });

  it('estimates near what is counted', async () => {
    const [first] = await answers(pruned(0.55));
    const last = (await answers(pruned(0.55, true))).at(-1);
    const ratio = (first as PreviewResult).bytes / (last as PreviewResult).bytes;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.25);
    expect({ ...first, bytes: 0, isWritten: true, accuracy: null }).toEqual({ ...last, bytes: 0, accuracy: null });
  });

  it.each([
    ['low-rank-dense', 'rank', [0.1, 0.2, 0.3, 0.4]],
    ['magnitude-pruning', 'sparsity', [0.61, 0.62, 0.63, 0.64]],
  ])('makes ready once what %s needs', async (id, param, values) => {
    const preparing = vi.spyOn(passById(id) as unknown as { prepare: () => Promise<unknown> }, 'prepare');
    for (const value of values) await answers(question(id, { [param]: value }, false));
    expect(preparing).toHaveBeenCalledTimes(1);
  });

  it('does not wait for a file that is being written for the place before', async () => {
    const stop = new AbortController();
    let parts = 0;
    watchWriting().mockImplementation(async (_model, { pause }) => {
      for (stop.abort(); parts < 1000; parts++) await pause?.();
      throw new Error('written to its end');
    });
    const rested = setting.call('preview', pruned(0.71, true), { signal: stop.signal });
    await expect(rested).rejects.toMatchObject({ code: 'aborted' });
    expect(parts).toBeLessThan(1000);
    expect((await answers(pruned(0.72))).at(-1)?.accuracy?.images).toBe(300);
  });
});

describe('a model that was not seen on its validation images yet', () => {
  it('has its sizes told before its accuracy', async () => {
    const fresh = makeSetting();
    const model = await (await setting.session.vault).get(trained);
    await (await fresh.session.vault).put(model);
    const told = await answers(pruned(0.5), fresh);
    expect(told.map(({ accuracy }) => accuracy?.images ?? null).slice(0, 2)).toEqual([null, 256]);
    expect(told[0]).toMatchObject({ nonZero: told.at(-1)?.nonZero, isWritten: false });
    const next = await answers(pruned(0.6), fresh);
    expect(next[0]?.accuracy?.images).toBe(256);
  });

  it('has its bytes counted without a data set', async () => {
    const told = await answers({ ...pruned(0.45, true), dataset: null });
    expect(told.map(({ isWritten, accuracy }) => [isWritten, accuracy])).toEqual([
      [false, null],
      [true, null],
    ]);
  });
});

describe('a step that would leave the model as it is', () => {
  it.each([
    ['fold-batch-norm', {}, /no batch normalisation/],
    ['depth-scaling', { depth: 0.5 }, /no block can be left out/],
    ['depth-scaling', { depth: 0.5, start: 'fresh' }, /the only one stays as it is/],
    ['width-scaling', { width: 1 }, /every layer stays as it is/],
    ['width-scaling', { width: 0.5 }, null],
    ['width-scaling', { width: 1, start: 'fresh' }, null],
    ['pooled-head', {}, /Nothing was changed/],
    ['fine-tuning', {}, null],
    ['magnitude-pruning', { sparsity: 0.5 }, null],
  ] as const)('%s %j: says why, before Apply', async (pass, values, why) => {
    const asked = question(pass, values, true);
    const { unchanged } = (await answers(asked)).at(-1) as PreviewResult;
    if (why) expect(unchanged?.map(({ en }) => en)).toEqual([expect.stringMatching(why)]);
    else expect(unchanged).toBeUndefined();
    const { rest: _, model, ...by } = asked;
    const { sketch } = await setting.call('inspect', { model, layer: null, by: { kind: 'step', ...by } });
    expect(sketch).toBe(passById(pass)?.preview === 'structure' && why === null);
  });
});

describe('the slider’s other positions', () => {
  it('are written and counted, nobody waits for them', async () => {
    const writing = watchWriting();
    const asked = { ...pruned(0.5), param: 'sparsity', values: [0.81, 0.82] };
    const points = await setting.call('sweep', asked);
    expect(points.map(({ isWritten }) => isWritten)).toEqual([true, true]);
    expect(writing).toHaveBeenCalledTimes(2);
  });
});

describe('a size that counts grids as floats', () => {
  const rounded = (granularity: string, rest: boolean) =>
    question('weight-quantization', { bits: 8, granularity }, rest);

  it('says so at once, and when the slider rests how large the packed file is, as Apply does', async () => {
    const [moved] = await answers(rounded('channel', false));
    expect(moved?.asFloats).toBe('perChannel');
    expect(moved?.packedBytes).toBeUndefined();
    const rested = (await answers(rounded('channel', true))).at(-1);
    const { step, seed } = rounded('channel', true);
    const { model } = await setting.call('apply', {
      model: trained,
      dataset: null,
      recipe: { version: 1, seed, steps: [step] },
      name: 'tiny',
      parents: {},
    });
    expect(model.asFloats).toBe('perChannel');
    expect(rested).toMatchObject({ asFloats: 'perChannel', bytes: model.bytes, packedBytes: model.packedBytes });
    expect(model.packedBytes).toBeLessThan(model.bytes / 2);
  });

  it('says nothing where the file holds them', async () => {
    const rested = (await answers(rounded('tensor', true))).at(-1);
    expect(rested?.asFloats).toBeUndefined();
    expect(rested?.packedBytes).toBeUndefined();
  });
});
