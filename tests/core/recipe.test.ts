/** The recipe runner and reader: order, seeds, measures, refusals, and the exact texts of what cannot be read. */
import { describe, expect, it } from 'vitest';
import { modelId } from '#core/model/hash';
import { seededRandom } from '#core/numeric/random';
import { clampValues, type Params, type Values } from '#core/params';
import { definePass, type Pass, type PassContext, PassError } from '#core/pass';
import { PASSES, passById } from '#core/passes/index';
import {
  type ContextMaker,
  preparedKey,
  type Recipe,
  RecipeError,
  type RecipeStep,
  readRecipe,
  readyStep,
  runRecipe,
  StepError,
  seedOf,
  stepSeed,
  trainsWith,
} from '#core/recipe';
import { denseModel, kernelOf, plainContext, tensor } from './passes/helpers';

const contextFor: ContextMaker = (_index, seed) => plainContext(seed);
const model = denseModel(tensor([2, 2], [1, -2, 3, -4]), tensor([2, 2], [0.1, 0.2, -0.3, 5]));
const recipe = (...steps: Recipe['steps']): Recipe => ({ version: 1, seed: 3, steps });

function testPass(changes: Partial<Pass>): Pass {
  return {
    ...definePass({
      id: 'test',
      family: 'pruning',
      words: {
        title: { en: 'Test', zh: '测试' },
        help: { en: '', zh: '' },
        cost: { en: '', zh: '' },
        pays: { en: '', zh: '' },
        paper: '',
      },
      params: {},
      formula: () => '',
      needs: [],
      effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
      preview: 'accuracy',
      apply: async (given) => ({ model: given, report: { notes: [] } }),
    }),
    ...changes,
  };
}

describe('running a recipe', () => {
  it('runs the steps in order and measures before and after each', async () => {
    const steps = recipe(
      { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
      { pass: 'weight-sharing', values: { clusters: 2 } },
    );
    const { model: small, reports } = await runRecipe(model, steps, contextFor, PASSES);
    expect([...kernelOf(small, 'd1').data]).toEqual([0, -3, 3, -3]);
    expect([...kernelOf(small, 'd2').data]).toEqual([0, 0, 0, 5]);
    expect(reports.map(({ pass, before, after }) => [pass, before.nonZero, after.nonZero, after.distinct])).toEqual([
      ['magnitude-pruning', 8, 4, 5],
      ['weight-sharing', 4, 4, 4],
    ]);
    expect(reports[0]?.before).toEqual({ parameters: 8, nonZero: 8, distinct: 8, macs: 8 });
    expect(reports[0]?.values).toMatchObject({ sparsity: 0.5, amount: 'ratio', scope: 'global', layers: [] });
  });

  it('gives each step a stream of its own, made from the seed, the place and the method', async () => {
    const seen: number[] = [];
    const pass = testPass({
      apply: async (given: typeof model, _values: unknown, context: PassContext) => {
        seen.push(context.random());
        return { model: given, report: { notes: [] } };
      },
    });
    const steps = recipe({ pass: 'test', values: {} }, { pass: 'test', values: {} });
    await runRecipe(model, steps, contextFor, [pass]);
    await runRecipe(model, steps, contextFor, [pass]);
    expect(seen[0]).toBe(seededRandom(stepSeed(3, 0, 'test'))());
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
    expect(seen[1]).not.toBe(seen[0]);
  });

  it('clamps values, keeps counts whole, and names a method that does not exist', async () => {
    expect(readyStep({ pass: 'weight-sharing', values: { clusters: 15.7 } }, PASSES).values).toMatchObject({
      clusters: 16,
    });
    expect(readyStep({ pass: 'magnitude-pruning', values: { sparsity: 7, other: 1 } }, PASSES).values).toEqual({
      sparsity: 0.99,
      threshold: 0.05,
      amount: 'ratio',
      scope: 'global',
      layers: [],
    });
    await expect(runRecipe(model, recipe({ pass: 'nope', values: {} }), contextFor, [testPass({})])).rejects.toThrow(
      'Step 1: there is no method named "nope". Known: test.',
    );
  });

  it('names the step that failed, keeps the cause, and lets an abort through', async () => {
    const cause = new PassError({ en: 'No room.', zh: '没有空间。' });
    const failing = (error: unknown): Pass => testPass({ apply: () => Promise.reject(error) });
    const run = (error: unknown): Promise<unknown> =>
      runRecipe(model, recipe({ pass: 'magnitude-pruning', values: {} }, { pass: 'test', values: {} }), contextFor, [
        ...PASSES,
        failing(error),
      ]).catch((thrown) => thrown);
    const thrown = (await run(cause)) as StepError;
    expect(thrown).toBeInstanceOf(StepError);
    expect(thrown).toBeInstanceOf(PassError);
    expect(thrown.words).toEqual({ en: 'Step 2 (Test): No room.', zh: '第 2 步（测试）：没有空间。' });
    expect([thrown.step, thrown.pass, thrown.cause]).toEqual([1, 'test', cause]);
    expect(((await run(new RangeError('boom'))) as StepError).words.en).toBe('Step 2 (Test): boom');
    const abort = new DOMException('stopped', 'AbortError');
    expect(await run(abort)).toBe(abort);
  });

  it('takes the words of whatever brings some', async () => {
    const worded = Object.assign(new Error('EN'), { words: { en: 'No images.', zh: '没有图片。' } });
    const failing = testPass({ apply: () => Promise.reject(worded) });
    await expect(runRecipe(model, recipe({ pass: 'test', values: {} }), contextFor, [failing])).rejects.toMatchObject({
      words: { en: 'Step 1 (Test): No images.', zh: '第 1 步（测试）：没有图片。' },
    });
  });

  it('leaves out what is switched off, and goes on from where it is told, each step named by its place', async () => {
    const steps = recipe(
      { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
      { pass: 'magnitude-pruning', values: { sparsity: 0.9 }, off: true },
      { pass: 'weight-sharing', values: { clusters: 2 } },
    );
    const seen: string[] = [];
    const watch = (index: number, _made: typeof model, { after }: { after: { nonZero: number; distinct: number } }) => {
      seen.push(`${index}: ${after.nonZero} ${after.distinct}`);
    };
    const whole = await runRecipe(model, steps, contextFor, PASSES, { onStep: watch });
    expect(seen).toEqual(['0: 4 5', '2: 4 4']);
    const { model: half } = await runRecipe(model, { ...steps, steps: steps.steps.slice(0, 1) }, contextFor, PASSES);
    const rest = await runRecipe(half, steps, contextFor, PASSES, { from: 1 });
    expect(modelId(rest.model)).toBe(modelId(whole.model));
    expect(rest.reports).toEqual(whole.reports.slice(1));
    const failing = recipe(...steps.steps.slice(0, 2), { pass: 'nope', values: {} });
    await expect(runRecipe(half, failing, contextFor, PASSES, { from: 1 })).rejects.toThrow(/^Step 3: /);
  });

  it('runs a step with its own seed wherever it stands', async () => {
    const seen: number[] = [];
    const pass = testPass({
      apply: async (given: typeof model, _values: unknown, context: PassContext) => {
        seen.push(context.random());
        return { model: given, report: { notes: [] } };
      },
    });
    const plain = recipe({ pass: 'test', values: {} }, { pass: 'test', values: {} });
    await runRecipe(model, plain, contextFor, [pass]);
    const moved: Recipe = {
      version: 1,
      seed: 99,
      steps: [1, 0].map((at) => ({ pass: 'test', values: {}, seed: seedOf(plain, at, plain.steps[at] as RecipeStep) })),
    };
    await runRecipe(model, moved, contextFor, [pass]);
    expect(seen[2]).toBe(seen[1]);
    expect(seen[3]).toBe(seen[0]);
  });

  it('looks at the signal before every step', async () => {
    const abort = new DOMException('stopped', 'AbortError');
    const stopped: ContextMaker = () =>
      plainContext(1, {
        signal: {
          aborted: true,
          throwIfAborted() {
            throw abort;
          },
        },
      });
    await expect(runRecipe(model, recipe({ pass: 'test', values: {} }), stopped, [testPass({})])).rejects.toBe(abort);
  });

  it('holds passes to what they refuse, with their reason', async () => {
    const reason = { en: 'It would undo them.', zh: '它会使其失效。' };
    const refusing = testPass({
      effects: { masks: 'refuses', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', reason },
    });
    const steps = recipe({ pass: 'magnitude-pruning', values: {} }, { pass: 'test', values: {} });
    await expect(runRecipe(model, steps, contextFor, [...PASSES, refusing])).rejects.toThrow(
      'Step 2 (Test): Test cannot run on a model with pruned weights. It would undo them.',
    );
    await expect(runRecipe(model, recipe({ pass: 'test', values: {} }), contextFor, [refusing])).resolves.toBeDefined();
  });

  it('says what it was told and could not use', async () => {
    const steps = recipe({ pass: 'magnitude-pruning', values: { sparsity: 0.5, teacher: 'a', toString: 1 } });
    const { reports } = await runRecipe(model, steps, contextFor, PASSES);
    expect(reports[0]?.notes[0]).toEqual({
      en: 'The recipe sets teacher, toString, which Magnitude pruning does not have: left out.',
      zh: '配方设置了 teacher、toString，而“幅值剪枝”没有这些参数：已忽略。',
    });
    expect(reports[0]?.values).not.toHaveProperty('teacher');
  });

  it('says which layers lost what earlier steps achieved, with the reason, and nothing of what is kept', async () => {
    const given = denseModel(
      tensor(
        [8, 8],
        Array.from({ length: 64 }, (_, i) => Math.sin(i)),
      ),
      tensor([8, 2], Array(16).fill(0.5)),
    );
    const steps = recipe(
      { pass: 'magnitude-pruning', values: { sparsity: 0.5, layers: ['d1'] } },
      { pass: 'weight-sharing', values: { clusters: 4 } },
      { pass: 'weight-quantization', values: { bits: 4 } },
      { pass: 'low-rank-dense', values: { rank: 0.2, layers: ['d1'] } },
    );
    const { reports } = await runRecipe(given, steps, contextFor, PASSES);
    const said = reports.map(({ notes }) => notes.filter(({ en }) => en.startsWith('No longer')));
    const reasonOf = (id: string): string => passById(id)?.effects.reason?.en ?? '';
    expect(said.map((notes) => notes.map(({ en }) => en))).toEqual([
      [],
      [],
      // The mask stays, the shared values do not.
      [`No longer of shared values: d1, d2. ${reasonOf('weight-quantization')}`],
      // d2 was not touched.
      [`No longer pruned: d1. No longer quantized: d1. ${reasonOf('low-rank-dense')}`],
    ]);
    expect(said[3]?.[0]?.zh).toMatch(/^剪枝已失效：d1。量化已失效：d1。一层变为两层/);
  });

  it('keys prepared work by the values that a slider leaves alone', () => {
    const { pass, values } = readyStep({ pass: 'magnitude-pruning', values: {} }, PASSES);
    expect(preparedKey(pass, { ...values, sparsity: 0.1 })).toBe(preparedKey(pass, { ...values, sparsity: 0.9 }));
    expect(preparedKey(pass, { ...values, scope: 'layer' })).not.toBe(preparedKey(pass, values));
  });

  it('leaves out of that key what is no slider but is not read either', () => {
    const { pass, values } = readyStep({ pass: 'mixed-precision', values: {} }, PASSES);
    expect(preparedKey(pass, { ...values, budget: 'size' })).toBe(preparedKey(pass, { ...values, budget: 'mean' }));
    expect(preparedKey(pass, { ...values, by: 'noise' })).not.toBe(preparedKey(pass, values));
  });
});

describe('reading a recipe', () => {
  const good: Recipe = { version: 1, seed: -5, steps: [{ pass: 'a', values: { x: 1, y: 'z', w: true, l: ['d1'] } }] };

  it('takes back what JSON made of it, from text or object', () => {
    expect(readRecipe(JSON.stringify(good))).toEqual(good);
    expect(readRecipe(good)).toEqual(good);
    const own = { version: 1, seed: 1, steps: [{ pass: 'a', values: {}, seed: -7, off: true }] };
    expect(readRecipe(JSON.stringify(own))).toEqual(own);
    expect(readRecipe({ ...own, steps: [{ pass: 'a', off: false }] }).steps).toEqual([{ pass: 'a', values: {} }]);
    expect(readRecipe({ version: 1, seed: 0, steps: [{ pass: 'a' }] }).steps).toEqual([{ pass: 'a', values: {} }]);
  });

  it.each([
    ['[]', 'it is not an object'],
    ['null', 'it is not an object'],
    ['{"seed": 1}', 'version is missing, and only version 1 is known'],
    ['{"version": 2}', 'version is 2, and only version 1 is known'],
    ['{"version": 1, "seed": 0.5}', 'seed is not a whole number'],
    ['{"version": 1, "seed": 1}', 'steps is not a list'],
    ['{"version": 1, "seed": 1, "steps": [3]}', 'steps[0] is not an object'],
    ['{"version": 1, "seed": 1, "steps": [{"pass": "a"}, {"pass": 7}]}', 'steps[1].pass is not the name of a method'],
    ['{"version": 1, "seed": 1, "steps": [{"pass": "a", "seed": "x"}]}', 'steps[0].seed is not a whole number'],
    ['{"version": 1, "seed": 1, "steps": [{"pass": "a", "off": 1}]}', 'steps[0].off is neither true nor false'],
    ['{"version": 1, "seed": 1, "steps": [{"pass": "a", "values": []}]}', 'steps[0].values is not an object'],
    [
      '{"version": 1, "seed": 1, "steps": [{"pass": "a", "values": {"x": null}}]}',
      'steps[0].values.x is neither a number, a text, true or false, nor a list of texts',
    ],
  ])('says what is wrong with %s', (text, why) => {
    expect(() => readRecipe(text)).toThrow(`The recipe cannot be read: ${why}.`);
    expect(() => readRecipe(text)).toThrow(RecipeError);
  });

  it('says so where it is no JSON, and leaves prototypes alone', () => {
    expect(() => readRecipe('{"version": 1,')).toThrow(/^The recipe cannot be read: it is not JSON: /);
    const read = readRecipe('{"version": 1, "seed": 1, "steps": [{"pass": "a", "values": {"__proto__": "x"}}]}');
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.getPrototypeOf(read.steps[0]?.values)).toBe(Object.prototype);
  });
});

describe('training', () => {
  const trainsAt = (id: string, values: Values = {}) => {
    const pass = passById(id) as Pass;
    return trainsWith(pass, clampValues(pass.params as Params, values) as Values);
  };

  it('is what every pass that can does as it is declared, unless its values leave it no epochs', () => {
    for (const { id, needs } of PASSES) expect([id, trainsAt(id)]).toEqual([id, needs.includes('training')]);
    expect(trainsAt('width-scaling', { after: 'nothing' })).toBe(false);
    expect(trainsAt('adaptive-rounding')).toBe(false);
  });
});
