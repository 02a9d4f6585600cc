/**
 * Factorised and folded models where people use them: the engine computes what the reference forward does, files hold
 * them, and on a network trained on the 8 x 8 digits little accuracy goes at a moderate rank.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import { createModel } from '#core/model/create';
import type { Layer } from '#core/model/layers';
import { withoutSoftmax } from '#core/model/logits';
import type { Model } from '#core/model/model';
import { ADAM, type Objective } from '#core/objective';
import { foldBatchNorm } from '#core/passes/fold-batch-norm';
import { lowRankConvolution } from '#core/passes/low-rank-convolution';
import { lowRankDense } from '#core/passes/low-rank-dense';
import { TEMPLATES } from '#core/templates';
import type { Backend } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { readDigits } from '#engine/datasets/digits';
import { evaluate, logitsOf } from '#engine/evaluate';
import { train } from '#engine/train';
import { FORMATS, readFiles } from '#formats/index';
import { outputOf } from '../support/reference-forward';
import { applyPass } from './helpers';
import { IMAGES, MODELS } from './models';

let backend: Backend;
let digits: Dataset;
beforeAll(async () => {
  backend = await makeWasmBackend();
  digits = readDigits(gunzipSync(await readFile('public/data/digits/digits.csv.gz')).toString());
});
afterAll(() => backend.dispose());

const VARIANTS = [
  [lowRankConvolution, { method: 'tucker', rank: 0.5 }],
  [lowRankConvolution, { method: 'spatial', rank: 0.5 }],
  [lowRankDense, { rank: 0.3 }],
  [foldBatchNorm, {}],
] as const;

/** The first convolution with 8 channels of input, strides that differ and pads of its own: the hardest to split. */
function uneven(): Model {
  const model = createModel(
    {
      name: 'uneven',
      input: [6, 6, 1],
      classes: 3,
      rows: [
        { kind: 'conv2d', filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
        { kind: 'conv2d', filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
        { kind: 'globalAveragePool2d' },
        { kind: 'dense', units: 16, activation: 'relu', bias: true },
        { kind: 'dense', units: 3, activation: 'linear', bias: true },
      ],
    },
    5,
  );
  const at = model.layers.findLastIndex(({ kind }) => kind === 'conv2d');
  const layers = model.layers.map(
    (layer, i): Layer =>
      i === at && layer.kind === 'conv2d' ? { ...layer, strides: [2, 1], padding: [1, 0, 2, 1] } : layer,
  );
  return { ...model, layers };
}

describe.each(VARIANTS)('a model after %o', (pass, values) => {
  it.each([['uneven', uneven()] as const, ...Object.entries(MODELS)])(
    '%s: runs as its layers say',
    async (_name, model) => {
      const { model: changed } = await applyPass(pass, model, values);
      const logits = await logitsOf(backend, { kind: 'model', model: changed }, IMAGES, 'test', { images: 3 });
      const { model: bare } = withoutSoftmax(changed);
      for (let image = 0; image < 3; image++) {
        const pixels = Float32Array.from(
          IMAGES.splits.test.pixels.subarray(36 * image, 36 * image + 36),
          (x) => x / 255,
        );
        for (const [i, x] of outputOf(bare, pixels).entries()) expect(logits[3 * image + i]).toBeCloseTo(x, 4);
      }
    },
  );

  it('is the same model after a trip through every file that holds it', async () => {
    const { model } = await applyPass(pass, MODELS['residual'] as Model, values);
    for (const format of FORMATS) {
      if (!format.write) continue;
      const { bundle } = await format.write(model, { unsupportedGrids: 'float' });
      const { model: back } = await readFiles([...bundle].map(([name, bytes]) => ({ name, bytes })));
      expect(back.layers).toEqual(model.layers);
      expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(model.tensors).sort());
    }
  });
});

it('loses nothing by folding a trained network, and little by halving its rank and training on', async () => {
  const template = TEMPLATES.find(({ id }) => id === 'small-resnet') as (typeof TEMPLATES)[number];
  const trained = await trainedOn(createModel(template.architecture([8, 8, 1], 10), 1), 5, 0.003);
  const measure = (model: Model) => evaluate(backend, { kind: 'model', model }, digits, 'validation');
  const before = await measure(trained);
  const folded = await measure((await applyPass(foldBatchNorm, trained)).model);
  expect(folded.correct).toEqual(before.correct);
  expect(folded.loss).toBeCloseTo(before.loss, 5);
  const { model: thin } = await applyPass(lowRankConvolution, trained, { rank: 0.5 });
  const after = await measure(await trainedOn(thin, 3, 0.002));
  expect(countParameters(thin).parameters).toBeLessThan(0.45 * countParameters(trained).parameters);
  expect(before.accuracy).toBeGreaterThan(0.95);
  expect(after.accuracy).toBeGreaterThan(before.accuracy - 0.03);
}, 120_000);

async function trainedOn(model: Model, epochs: number, learningRate: number): Promise<Model> {
  const objective: Objective = {
    model,
    loss: [{ kind: 'crossEntropy', weight: 1 }],
    optimizer: ADAM,
    learningRate,
    schedule: { kind: 'cosine' },
    epochs,
    batchSize: 32,
    seed: 1,
    l1: 0,
    l2: 0,
  };
  const { model: trained } = await train(backend, objective, digits, { signal: new AbortController().signal });
  return trained;
}
