/**
 * The promises that every pass keeps, whatever its values, on every structure: the input stays as it was, the output is
 * a whole model, untouched tensors are shared, the same seed gives the same bytes, what earlier passes achieved is
 * treated as declared, and the words are there in both languages. Passes that train do it on the wasm backend, as they do for people.
 */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkEffects, heldBy, lossesAhead } from '#core/effects';
import { countValues } from '#core/metrics/size';
import { channelOf } from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import { isPrunable, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { validateModel } from '#core/model/validate';
import { isHalf } from '#core/numeric/half';
import { clampValues, defaultsOf, isShown, type Params, type Values, type Words } from '#core/params';
import { type Effects, type Pass, type PassContext, PassError } from '#core/pass';
import { PASSES, passById } from '#core/passes/index';
import { type ContextMaker, type Recipe, readyStep, runRecipe } from '#core/recipe';
import type { Backend } from '#engine/backend';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeContext } from '#engine/context';
import fc from '../../properties';
import { applyPass, plainContext, sketchPass } from './helpers';
import { IMAGES, MODELS } from './models';
import { trains, valuesOf } from './values';

/** Applied twice, these change nothing the second time; the others go on training or cutting. */
const IDEMPOTENT = [
  'magnitude-pruning',
  'lamp-pruning',
  'random-pruning',
  'wanda-pruning',
  'taylor-pruning',
  'snip-pruning',
  'hebbian-pruning',
  'activation-pruning',
  'batch-norm-statistics',
  'n-m-pruning',
  'block-pruning',
  'weight-quantization',
  'ternary-weights',
  'binary-weights',
  'half-precision',
  'weight-sharing',
];

/**
 * What comes first in a pair. Of passes of equal declaration in one family, which leave the same behind (masks, grids, codebooks, shapes), one stands for
 * all, and in families of few passes that do not train every one; one of them rounds activations too, one starts with learned steps.
 */
const declared = ({ family, effects: { masks, grids, codebooks, shapes } }: Pass): string =>
  JSON.stringify([family, masks, grids, codebooks, shapes]);
const LARGE: readonly Pass['family'][] = ['pruning', 'quantization'];
const FIRSTS = PASSES.filter(
  (pass, i, all) =>
    pass.id === 'static-quantization' ||
    pass.id === 'quantization-aware-training' ||
    (!trains(pass) && !LARGE.includes(pass.family)) ||
    all.findIndex((other) => declared(other) === declared(pass)) === i,
);

let backend: Backend;
beforeAll(async () => {
  backend = await makeWasmBackendWith(null);
});
afterAll(() => backend.dispose());

/** Only some of their values ask for data. */
const SOMETIMES = ['block-pruning', 'magnitude-pruning', 'channel-pruning', 'mixed-precision'];
const looks = (pass: Pass): boolean => trains(pass) || pass.needs.includes('data') || SOMETIMES.includes(pass.id);
const runsOf = (pass: Pass): number => (trains(pass) ? 2 : looks(pass) ? 8 : 25);
function contextOf(pass: Pass, seed: number): PassContext {
  if (!looks(pass)) return plainContext(seed);
  return makeContext({
    backend,
    dataset: IMAGES,
    seed,
    signal: new AbortController().signal,
    progress: () => {},
    resolve: () => Promise.reject(new Error('no other model here')),
  });
}

async function run(pass: Pass, model: Model, values: Values, seed = 1): Promise<Model> {
  const { model: changed, report } = await applyPass(pass, model, values, contextOf(pass, seed));
  for (const note of report.notes) checkWords(note);
  return changed;
}

function checkWords(words: Words): void {
  expect(words.en.trim()).not.toBe('');
  expect(words.zh.trim()).not.toBe('');
}

/** Freezes all but the numbers, and returns a copy of these. */
function frozen(model: Model): Map<string, Float32Array> {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  };
  freeze(model);
  return new Map(Object.values(model.tensors).map(({ id, data }) => [id, data.slice()]));
}

/** The kernels of a model by layer name. */
function kernels(model: Model): Map<string, Tensor> {
  return new Map(
    model.layers.flatMap((layer) =>
      tensorsOf(layer).flatMap(([role, id]) =>
        isPrunable(layer, role) ? [[layer.name, model.tensors[id] as Tensor] as const] : [],
      ),
    ),
  );
}

/** Mask, grid, codebook, signs and halves say of the values what is so. */
function checkEncodings(model: Model): void {
  for (const { data, encoding, shape } of Object.values(model.tensors)) {
    const { mask, values } = encoding;
    if (mask) expect(data.every((x, i) => mask[i] !== 0 || x === 0)).toBe(true);
    if (values.kind === 'codebook') {
      const offsets = values.books?.offsets ?? Int32Array.of(0, values.centroids.length);
      for (let c = 0; c + 1 < offsets.length; c++) {
        const book = [...values.centroids.subarray(offsets[c], offsets[c + 1])];
        expect(book).toEqual(book.toSorted((a, b) => a - b));
      }
      const known = new Set(values.centroids);
      expect(data.every((x, i) => mask?.[i] === 0 || known.has(x))).toBe(true);
    }
    if (values.kind === 'half') expect(data.every(isHalf)).toBe(true);
    if (values.kind === 'binary') {
      expect(mask).toBeUndefined();
      const channel = channelOf(shape, values.axis);
      expect(data.every((x, i) => Math.abs(x) === values.scale[channel(i)])).toBe(true);
    }
    if (values.kind === 'grid') {
      const stride =
        values.axis === null
          ? data.length
          : shape.slice(values.axis + 1).reduce((product, extent) => product * extent, 1);
      expect(values.scale.length).toBe(values.axis === null ? 1 : shape[values.axis]);
      data.forEach((x, i) => {
        const channel = Math.floor(i / stride) % values.scale.length;
        const steps = x / (values.scale[channel] as number);
        const code = Math.round(steps) + (values.zeroPoint[channel] as number);
        expect(Math.abs(steps - Math.round(steps))).toBeLessThan(0.01);
        expect(code).toBeGreaterThanOrEqual(values.qMin);
        expect(code).toBeLessThanOrEqual(values.qMax);
      });
    }
  }
}

/** The values without layers that an earlier pass has left out or replaced. */
function amongLayersOf(model: Model, values: Values): Values {
  const there = kernels(model);
  const kept = Object.entries(values).map(([key, value]) => [
    key,
    key === 'layers' && Array.isArray(value) ? value.filter((name: string) => there.has(name)) : value,
  ]);
  return Object.fromEntries(kept) as Values;
}

/** Whether the pass refuses what is written on the model, with a reason in both languages. */
function isRefused(model: Model, pass: Pass): boolean {
  try {
    checkEffects(model, pass);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(PassError);
    checkWords((error as PassError).words);
    return true;
  }
}

const structureOf = (model: Model): unknown =>
  model.layers.map(({ name, kind, inputs }) => [name, kind, inputs, shapesOf(model)[name]]);

it('has one file for each pass, named as the pass is', () => {
  const files = readdirSync(new URL('../../../src/core/passes', import.meta.url)).filter(
    (name) => name.endsWith('.ts') && name !== 'index.ts',
  );
  expect(files.map((name) => name.replace(/\.ts$/, '')).sort()).toEqual(PASSES.map(({ id }) => id).sort());
});

describe.each(PASSES.map((pass) => [pass.id, pass] as const))('%s', (_id, pass) => {
  it('is worded in both languages, each different from the other', () => {
    const labels = Object.values(pass.params as Params).flatMap((param) => [
      param.label,
      ...(param.help ? [param.help] : []),
      ...(param.kind === 'choice' ? param.options.map(({ label }) => label) : []),
    ]);
    const { title, help, cost, pays, paper } = pass.words;
    for (const words of [
      title,
      help,
      cost,
      pays as Words,
      ...labels,
      ...(pass.effects.reason ? [pass.effects.reason] : []),
    ]) {
      checkWords(words);
      // Names of methods stay as they are.
      if (words.en !== 'Adam') expect(words.zh).not.toBe(words.en);
      if (words.en !== 'Adam') expect(words.zh).toMatch(/\p{Script=Han}/u);
      expect(words.en).not.toMatch(/\p{Script=Han}/u);
    }
    expect(paper).toMatch(/\d{4}/);
  });

  it('writes its formula with whatever numbers it is given', async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(pass, MODELS['dense'] as Model), async (values) => {
        const formula = pass.formula(values);
        for (const text of typeof formula === 'string' ? [formula] : [formula.en, formula.zh]) {
          expect(text.trim()).not.toBe('');
          expect(text).not.toMatch(/undefined|NaN|null|\[object/);
        }
      }),
      { numRuns: 25, seed: 6 },
    );
  });

  it('declares defaults within their ranges, and says why it does not keep what it does not', () => {
    const defaults = defaultsOf(pass.params as Params) as Values;
    expect(clampValues(pass.params as Params, defaults)).toEqual(defaults);
    expect(readyStep({ pass: pass.id, values: {} }, PASSES).values).toEqual(defaults);
    for (const param of Object.values(pass.params as Params)) {
      expect(typeof isShown(param, defaults)).toBe('boolean');
      for (const key of Object.keys(param.when ?? {})) expect(Object.keys(pass.params)).toContain(key);
    }
    const { masks, grids, activations, codebooks, shapes, reason } = pass.effects;
    if ([masks, grids, activations ?? grids, codebooks, shapes].some((effect) => effect !== 'keeps')) {
      expect(reason).toBeDefined();
      // It stands by itself behind what was lost, or is refused.
      expect(reason?.en).toMatch(/^[A-Z].*\.$/);
      expect(reason?.zh).toMatch(/\p{Script=Han}.*。$/u);
    }
    if (pass.preview === 'structure') expect(pass.sketch).toBeDefined();
    if (pass.preview === 'accuracy') expect(trains(pass)).toBe(false);
  });

  describe.each(Object.entries(MODELS))('on the %s model', (_name, model) => {
    it('leaves its input alone, gives a whole model, and shares what it did not touch', async () => {
      const before = frozen(model);
      const { makes = [] } = (pass as { readonly effects: Effects }).effects;
      await fc.assert(
        fc.asyncProperty(valuesOf(pass, model), async (values) => {
          const changed = await run(pass, model, values);
          validateModel(changed);
          checkEncodings(changed);
          for (const { id, data } of Object.values(model.tensors)) expect(data).toEqual(before.get(id));
          // Training reads every tensor back from the device, even those that it left as they were.
          const [old, now] = [kernels(model), kernels(changed)];
          if (!trains(pass))
            for (const [name, tensor] of now) if (tensor.id === old.get(name)?.id) expect(tensor).toBe(old.get(name));
          if (pass.effects.shapes === 'keeps') expect(structureOf(changed)).toEqual(structureOf(model));
          // What it leaves on plain weights is declared.
          const kinds = heldBy(changed).map(({ encoding }) => encoding);
          if (!makes.includes('masks')) expect(kinds.every(({ masked }) => !masked)).toBe(true);
          if (!makes.includes('grids'))
            expect(kinds.every(({ kind }) => kind !== 'grid' && kind !== 'binary')).toBe(true);
          if (!makes.includes('codebooks')) expect(kinds.every(({ kind }) => kind !== 'codebook')).toBe(true);
          if (!makes.includes('activations')) expect(changed.activationGrids).toBeUndefined();
        }),
        { numRuns: runsOf(pass), seed: 7 },
      );
    });

    it('gives the same bytes for the same seed, prepared anew or not', async () => {
      await fc.assert(
        fc.asyncProperty(valuesOf(pass, model), fc.integer(), async (values, seed) => {
          const first = await run(pass, model, values, seed);
          expect(modelId(await run(pass, model, values, seed))).toBe(modelId(first));
          // What is prepared may be kept while a slider moves, so it takes nothing from the stream and is not used up.
          // The seed itself decides which images are looked at.
          const prepared: unknown = await pass.prepare?.(model, values, contextOf(pass, looks(pass) ? seed : seed + 1));
          const again = await pass.apply(model, values, contextOf(pass, seed), prepared);
          expect(modelId(again.model)).toBe(modelId(first));
        }),
        { numRuns: trains(pass) ? 1 : looks(pass) ? 5 : 15, seed: 7 },
      );
    });

    it('sketches the structure that it gives, with about as many zeros', async () => {
      const density = (of: Model): number => {
        const { zeros, prunable } = countValues(of);
        return 1 - zeros / prunable;
      };
      await fc.assert(
        fc.asyncProperty(valuesOf(pass, model), async (values) => {
          if (!pass.sketch) return;
          const sketch = await sketchPass(pass, model, values, contextOf(pass, 1));
          const made = await run(pass, model, values);
          expect(structureOf(sketch)).toEqual(structureOf(made));
          // Training rounds some weights to other values of their grids.
          expect(Math.abs(density(sketch) - density(made))).toBeLessThan(0.08);
          // Where it says beforehand that nothing would change, nothing does.
          const isIdle = Boolean(pass.idle?.(model, clampValues(pass.params as Params, values), sketch));
          if (isIdle) expect(modelId(made)).toBe(modelId(model));
        }),
        { numRuns: runsOf(pass), seed: 8 },
      );
    });

    if (IDEMPOTENT.includes(pass.id)) {
      it('changes nothing when applied twice', async () => {
        await fc.assert(
          fc.asyncProperty(valuesOf(pass, model), async (values) => {
            const once = await run(pass, model, values);
            expect(modelId(await run(pass, once, values))).toBe(modelId(once));
          }),
          { numRuns: runsOf(pass), seed: 9 },
        );
      });
    }

    it.each(FIRSTS.map((first) => [first.id, first] as const))(
      'after %s, does to its work what it declares',
      async (_first, first) => {
        await fc.assert(
          fc.asyncProperty(valuesOf(first, model), valuesOf(pass, model), async (earlier, wanted) => {
            const given = await run(first, model, earlier);
            if (isRefused(given, pass)) return;
            const values = amongLayersOf(given, wanted);
            const changed = await run(pass, given, values, 3);
            validateModel(changed);
            checkEncodings(changed);
            // What is told before a step, from its sketch where it trains, is what comes of it.
            if (pass.sketch) {
              const sketch = await sketchPass(pass, given, values, contextOf(pass, 3));
              expect(lossesAhead(given, sketch, pass.effects)).toEqual(lossesAhead(given, changed, pass.effects));
            }
            const { masks, grids, codebooks, shapes } = pass.effects;
            if (shapes === 'keeps') expect(structureOf(changed)).toEqual(structureOf(given));
            const after = kernels(changed);
            for (const [name, { encoding: old, data: oldData }] of kernels(given)) {
              // Where layers may go, what they held goes with them.
              if (shapes === 'consumes' && !after.has(name)) continue;
              const { encoding, data } = after.get(name) as Tensor;
              if (masks === 'keeps' && old.mask) {
                expect(encoding.mask).toBeDefined();
                if (shapes === 'keeps')
                  expect(
                    oldData.every((_, i) => old.mask?.[i] !== 0 || (encoding.mask?.[i] === 0 && data[i] === 0)),
                  ).toBe(true);
              }
              if (grids === 'keeps' && old.values.kind === 'grid')
                expect(encoding.values).toMatchObject({ kind: 'grid', bits: old.values.bits, axis: old.values.axis });
              if (codebooks === 'keeps' && old.values.kind === 'codebook') {
                expect(encoding.values.kind).toBe('codebook');
                if (encoding.values.kind === 'codebook')
                  expect(encoding.values.centroids.length).toBeLessThanOrEqual(old.values.centroids.length);
              }
            }
          }),
          { numRuns: trains(pass) || trains(first) ? 1 : looks(pass) || looks(first) ? 2 : 6, seed: 10 },
        );
      },
    );
  });
});

describe.each(Object.entries(MODELS))('biases and outputs that are rounded, on the %s model', (_name, model) => {
  let given: Model;
  beforeAll(async () => {
    const rounded = await run(passById('static-quantization') as Pass, model, { activationBits: 6, outer: 'same' });
    given = await run(passById('bias-quantization') as Pass, rounded, { bits: 5 });
  });
  const biases = (of: Model): Map<string, Tensor> =>
    new Map(
      of.layers.flatMap((layer) =>
        tensorsOf(layer).flatMap(([role, id]) =>
          role === 'bias' ? [[layer.name, of.tensors[id] as Tensor] as const] : [],
        ),
      ),
    );

  const keepsOutputs = ({ grids, activations = grids }: Effects): boolean => activations === 'keeps';
  const keeping = PASSES.filter(({ effects }) => effects.grids === 'keeps' || keepsOutputs(effects));
  it.each(keeping.map((pass) => [pass.id, pass] as const))(
    'stay so after %s, where it keeps their grids',
    async (_id, pass) => {
      await fc.assert(
        fc.asyncProperty(valuesOf(pass, model), async (values) => {
          const changed = await run(pass, given, values, 5);
          checkEncodings(changed);
          const after = biases(changed);
          for (const [name, { encoding }] of biases(given)) {
            if (pass.effects.grids !== 'keeps' || encoding.values.kind !== 'grid' || !after.has(name)) continue;
            const now = after.get(name)?.encoding.values;
            expect(now).toMatchObject({ kind: 'grid', bits: 5 });
          }
          for (const [name, { bits, axis }] of Object.entries(given.activationGrids ?? {})) {
            if (!keepsOutputs(pass.effects)) break;
            if (changed.layers.some((layer) => layer.name === name))
              expect(changed.activationGrids?.[name]).toMatchObject({ bits, axis });
          }
        }),
        { numRuns: trains(pass) ? 1 : 4, seed: 12 },
      );
    },
  );
});

describe.each(Object.entries(MODELS))('a recipe on the %s model', (_name, model) => {
  const contextFor: ContextMaker = (_index, seed) => contextOf(passById('fine-tuning') as Pass, seed);
  it.each([
    ['weight-quantization', { bits: 4, granularity: 'channel' }, 'grid'],
    ['static-quantization', { weightBits: 4, activationBits: 6, outer: 'same' }, 'grid'],
    ['ternary-weights', { outer: 'same' }, 'grid'],
    ['half-precision', {}, 'half'],
    ['weight-sharing', { clusters: 4 }, 'codebook'],
  ] as const)('keeps the mask and %s through fine-tuning, and trains', async (id, values, kind) => {
    const steps = [
      { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
      { pass: id, values },
    ];
    const before = await runRecipe(model, { version: 1, seed: 1, steps }, contextFor, PASSES);
    const recipe: Recipe = {
      version: 1,
      seed: 1,
      steps: [...steps, { pass: 'fine-tuning', values: { epochs: 3, batchSize: 8, learningRate: 0.02 } }],
    };
    const after = await runRecipe(model, recipe, contextFor, PASSES);
    checkEncodings(after.model);
    expect(after.model).not.toEqual(before.model);
    expect(after.reports[2]?.after.nonZero).toBeLessThan(after.reports[0]?.before.nonZero as number);
    const old = kernels(before.model);
    for (const [name, { encoding }] of kernels(after.model)) {
      expect(encoding.mask).toEqual(old.get(name)?.encoding.mask);
      expect(encoding.values.kind).toBe(kind);
    }
    expect(after.model.activationGrids).toEqual(before.model.activationGrids);
    expect(modelId((await runRecipe(model, recipe, contextFor, PASSES)).model)).toBe(modelId(after.model));
  });
});
