/** What steps give up of earlier ones' work, told before and after, and what is refused. */
import { describe, expect, it } from 'vitest';
import { clashes, heldBy, lossesAhead, lostNotes, refusal } from '#core/effects';
import { withActivationGrids } from '#core/model/edit';
import type { Encoding, GridValues } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import type { Effects, Pass } from '#core/pass';
import { passById } from '#core/passes/index';
import { denseModel, tensor } from './passes/helpers';

const grid = (bits: number): GridValues => ({
  kind: 'grid',
  bits,
  qMin: -1,
  qMax: 1,
  scale: Float32Array.of(1),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: true,
});
const mask = Uint8Array.of(1, 0);
const codebook = { kind: 'codebook', centroids: Float32Array.of(1) } as const;
const dense = { kind: 'dense' } as const;
/** Layers d1, d2, … of these encodings, one a layer. */
const model = (...encodings: readonly Encoding[]) =>
  denseModel(...encodings.map((encoding, at) => tensor(at === 0 ? [1, 2] : [2, 1], [1, 0], encoding)));
const plain = (count: number) => model(...Array.from({ length: count }, () => ({ values: dense })));
const reason = { en: 'It is so.', zh: '就是这样。' };
const all: Effects = { masks: 'consumes', grids: 'consumes', codebooks: 'consumes', shapes: 'keeps', reason };
const english = (words: readonly { readonly en: string }[]) => words.map(({ en }) => en);

it('tells of each layer what it holds', () => {
  const given = withActivationGrids(model({ mask, values: grid(4) }, { values: codebook }), { d1: grid(6) });
  const held = heldBy(given);
  expect(held.find(({ name }) => name === 'd1')).toEqual({
    name: 'd1',
    encoding: { kind: 'grid', bits: 4, masked: true },
    activationBits: 6,
  });
  expect(held.find(({ name }) => name === 'd2')?.encoding).toEqual({ kind: 'codebook' });
  expect(held.filter(({ encoding }) => encoding.kind === 'none')).toHaveLength(held.length - 2);
});

describe('what a step would give up', () => {
  it('is told of the whole model where all of it is lost', () => {
    const given = withActivationGrids(model({ mask, values: grid(4) }, { mask, values: grid(8) }), { d1: grid(6) });
    const lost = lossesAhead(given, plain(2), all);
    expect(english(lost)).toEqual([
      'After this step this model is no longer pruned and no longer quantized to 4 to 8 bits.',
      'After this step the activations are no longer rounded to 6 bits.',
    ]);
    expect(lost.map(({ zh }) => zh)).toEqual([
      '这一步之后，这个模型的剪枝和 4 至 8 位量化将失效。',
      '这一步之后，激活值的 6 位舍入将失效。',
    ]);
    expect(english(lossesAhead(model({ values: codebook }), plain(1), all))).toEqual([
      'After this step this model is no longer of shared values.',
    ]);
  });

  it('is told of the layers that lose it, by name where they are few', () => {
    const pruned = (from: number, to: number) =>
      model(
        ...Array.from({ length: 6 }, (_, at) => (at >= from && at < to ? { mask, values: dense } : { values: dense })),
      );
    const ahead = (left: number) => english(lossesAhead(pruned(0, 6), pruned(left, 6), all));
    expect(ahead(1)).toEqual(['After this step d1 is no longer pruned.']);
    expect(ahead(2)).toEqual(['After this step d1 and d2 are no longer pruned.']);
    expect(ahead(3)).toEqual(['After this step d1, d2 and d3 are no longer pruned.']);
    expect(ahead(4)).toEqual(['After this step 4 layers are no longer pruned.']);
    expect(ahead(6)).toEqual(['After this step this model is no longer pruned.']);
    expect(ahead(0)).toEqual([]);
  });

  it('says in Chinese whose pruning, grids and shared values will be lost', () => {
    const ahead = (given: Model, after: Model) => lossesAhead(given, after, all).map(({ zh }) => zh);
    const grids: readonly Encoding[] = [{ mask, values: grid(8) }, { values: grid(8) }, { values: grid(8) }];
    expect(ahead(model(...grids), model({ values: dense }, { values: dense }, { values: grid(8) }))).toEqual([
      '这一步之后，这个模型的剪枝将失效。',
      '这一步之后，d1、d2 的 8 位量化将失效。',
    ]);
    expect(ahead(model({ values: codebook }), plain(1))).toEqual(['这一步之后，这个模型的权重共享将失效。']);
    const many = Array<Encoding>(5).fill({ values: codebook });
    expect(ahead(model(...many), model(...many.map((one, at) => (at < 4 ? { values: dense } : one))))).toEqual([
      '这一步之后，4 层的权重共享将失效。',
    ]);
    const rounded = withActivationGrids(plain(2), { d1: grid(6), d2: grid(8) });
    expect(ahead(rounded, withActivationGrids(plain(2), { d2: grid(8) }))).toEqual([
      '这一步之后，d1 激活值的 6 位舍入将失效。',
    ]);
  });

  it('is nothing where it has another grid, or the method says that it keeps what it finds', () => {
    const given = model({ values: grid(8) });
    expect(lossesAhead(given, model({ values: grid(2) }), all)).toEqual([]);
    expect(lossesAhead(given, plain(1), { ...all, grids: 'keeps' })).toEqual([]);
    expect(lossesAhead(given, given, all)).toEqual([]);
  });

  it('counts layers that are gone, whose rounded outputs may be another layer’s', () => {
    const given = withActivationGrids(model({ values: grid(4) }, { values: grid(4) }), { d2: grid(8) });
    expect(english(lossesAhead(given, model({ values: grid(4) }), all))).toEqual([
      'After this step d2 is no longer quantized to 4 bits.',
    ]);
  });

  it('is told with the reason when it is done', () => {
    expect(lostNotes(model({ mask, values: dense }, { mask, values: dense }), plain(2), all)).toEqual([
      { en: 'No longer pruned: d1, d2. It is so.', zh: '剪枝已失效：d1、d2。就是这样。' },
    ]);
  });
});

describe('a refusal', () => {
  const binary = passById('binary-weights') as Pass;
  it('says what the model holds, and why that cannot be', () => {
    expect(refusal(heldBy(model({ mask, values: dense })), binary)).toMatchObject({
      en: 'Binary weights cannot run on a model with pruned weights. Binary weights are plus or minus one size and have no zero, so pruned weights would come back. Make them ternary instead.',
    });
  });
  it('is none where the model holds nothing of it', () => {
    expect(refusal(heldBy(model({ values: grid(4) }, { values: codebook })), binary)).toBeNull();
  });
});

describe('the order of steps', () => {
  const said = (start: Parameters<typeof clashes>[0], ...ids: readonly string[]) =>
    clashes(
      start,
      ids.map((id) => passById(id) ?? null),
    ).map((clash) => clash?.words.en.replace(/(\)|holds)\. .*/, '$1.') ?? null);

  it('tells which step undoes which', () => {
    expect(said([], 'magnitude-pruning', 'weight-quantization', 'low-rank-dense', 'low-rank-dense')).toEqual([
      null,
      null,
      'It can undo step 1 (Magnitude pruning) and step 2 (Weight quantization).',
      null,
    ]);
    expect(said([], 'low-rank-dense', 'magnitude-pruning', 'weight-quantization', 'fine-tuning')).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(said([], 'weight-quantization', 'weight-quantization', 'weight-sharing')).toEqual([
      null,
      null,
      'It can undo step 2 (Weight quantization).',
    ]);
  });

  it('counts what the start holds, and not what is switched off or unknown', () => {
    const start = heldBy(model({ mask, values: dense }));
    expect(said(start, 'distillation')).toEqual(['It can undo what the start holds.']);
    expect(said([], 'none such', 'distillation')).toEqual([null, null]);
  });

  it('tells the grids of weights from those of activations', () => {
    const first = 'It can undo step 1 (Weight quantization).';
    // It leaves weights as they are, so what comes after it finds them on their grids.
    expect(said([], 'weight-quantization', 'swap-activations', 'fold-batch-norm')).toEqual([null, null, first]);
    expect(said([], 'static-quantization', 'weight-quantization', 'swap-activations', 'fold-batch-norm')).toEqual([
      null,
      null,
      'It can undo step 1 (Weights and activations).',
      'It can undo step 2 (Weight quantization).',
    ]);
    // Grids of weights go, those of activations stay; new ones take the place of both.
    expect(said([], 'static-quantization', 'weight-sharing', 'swap-activations')).toEqual([
      null,
      'It can undo step 1 (Weights and activations).',
      'It can undo step 1 (Weights and activations).',
    ]);
    expect(said([], 'static-quantization', 'quantization-aware-training', 'static-quantization')).toEqual(
      Array(3).fill(null),
    );
    const rounded = heldBy(withActivationGrids(plain(2), { d1: grid(6) }));
    expect(said(rounded, 'weight-sharing', 'swap-activations')).toEqual([null, 'It can undo what the start holds.']);
    expect(said(heldBy(model({ values: grid(4) })), 'swap-activations')).toEqual([null]);
  });

  it('tells what cannot run where it stands', () => {
    const [, refused] = clashes([], [passById('lamp-pruning') as Pass, passById('binary-weights') as Pass]);
    expect(refused?.refused).toBe(true);
    expect(refused?.words.en).toMatch(/^Binary weights cannot run on a model with pruned weights\. Binary/);
  });

  it('tells what cannot run if a step before it, which can undo that, leaves it', () => {
    const against = (start: Parameters<typeof clashes>[0], ...ids: readonly string[]) =>
      clashes(
        start,
        ids.map((id) => passById(id) ?? null),
      );
    const order = ['lamp-pruning', 'distillation', 'binary-weights', 'binary-weights'];
    const [, undoing, open, after] = against([], ...order);
    expect(undoing?.words.en).toMatch(/^It can undo step 1 \(LAMP pruning\)\./);
    expect(open?.refused).toBe(false);
    expect(open?.words.en).toBe(
      'Binary weights cannot run if the weights are still pruned at this step. Binary weights are plus or minus one size and have no zero, so pruned weights would come back. Make them ternary instead.',
    );
    expect(open?.words.zh).toMatch(/^如果到这一步时权重仍处于剪枝状态，“二值权重”将无法运行。\p{Script=Han}.*。$/u);
    // Where the first has run there was nothing pruned.
    expect(after).toBeNull();
    const start = heldBy(model({ mask, values: dense }));
    expect(against(start, 'distillation', 'binary-weights')[1]?.words.en).toMatch(/^Binary weights cannot run if /);
    // Pruned anew, there is no doubt.
    expect(against([], 'lamp-pruning', 'distillation', 'lamp-pruning', 'binary-weights')[3]?.refused).toBe(true);
    // Both are said, with the reason once.
    expect(against([], 'lamp-pruning', 'distillation', 'weight-sharing', 'binary-weights')[3]?.words.en).toMatch(
      /^It can undo step 3 \(.*\)\. Binary weights cannot run if the weights are still pruned at this step\. Binary weights are/,
    );
  });
});
