/** Ensembles and trees as files through the real dispatcher: what is offered was read back and measured, and answers as the chart says. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { EnsemblePredictor, Predictor } from '#core/predictor';
import { templateById } from '#core/templates';
import { readPredictor } from '#formats/index';
import { makeSetting } from './setting';

const model = (seed: number): Predictor => {
  const template = templateById('lenet-300-100');
  if (!template) throw new Error('no template');
  return { kind: 'model', model: createModel(template.architecture([8, 8, 1], 10), seed) };
};
const members = [1, 2, 3].map(model);
const ensemble = (way: string, state: EnsemblePredictor['state'] = {}, values = {}): EnsemblePredictor => ({
  kind: 'ensemble',
  way,
  values,
  members,
  state,
});

async function exported(predictor: Predictor, format: 'tfjs-layers' | 'keras-h5' | 'whittle') {
  const { session, call } = makeSetting();
  const id = await (await session.vault).putPredictor(predictor);
  const request = { model: id, name: 'Three together', dataset: 'digits', format, unsupportedGrids: 'float' } as const;
  const result = await call('export', request);
  const between = async () => {};
  return {
    result,
    validation: await session.measure(predictor, 'digits', 'validation', { between }),
    test: await session.measure(predictor, 'digits', 'test', { between }),
  };
}

describe('the file of', () => {
  it.each([
    ['cascade', {}, { threshold: 0.12 }],
    ['majority-vote', {}, {}],
    [
      'specialists',
      {
        groups: [
          [0, 3, 4],
          [1, 2, 5, 6, 7, 8, 9],
        ],
      },
      {},
    ],
  ] as const)('a %s comes back as what it was', async (way, state, values) => {
    const whole = ensemble(way, state, values);
    const { result, validation, test } = await exported(whole, 'tfjs-layers');
    expect(result).toMatchObject({ fileName: 'three-together.zip', validation, test, largestDifference: 0 });
    const back = await readPredictor([{ name: result.fileName, bytes: result.bytes }]);
    expect(back.predictor).toMatchObject({ kind: 'ensemble', way });
  });

  it.each(['tfjs-layers', 'keras-h5', 'whittle'] as const)('a mean is one graph in %s', async (format) => {
    const { result, validation, test } = await exported(ensemble('mean-probabilities'), format);
    expect(result.validation?.value).toBe(validation.value);
    expect(result.test?.value).toBe(test.value);
    expect(result.largestDifference).toBeLessThan(1e-6);
    const back = await readPredictor([{ name: result.fileName, bytes: result.bytes }]);
    expect(back.predictor.kind).toBe('model');
  });

  it.each([
    ['tfjs-layers', 'three-together.zip'],
    ['keras-h5', 'three-together.h5'],
    ['whittle', 'three-together.whittle'],
  ] as const)('a network has the name it was given, outside and inside of %s', async (format, fileName) => {
    for (const predictor of [members[0] as Predictor, ensemble('mean-probabilities')]) {
      const { result } = await exported(predictor, format);
      expect(result.fileName).toBe(fileName);
      const back = await readPredictor([{ name: 'dropped', bytes: result.bytes }]);
      expect(back.name).toBe('Three together');
    }
  });

  it('votes cannot be a Keras file, and the reason is said', async () => {
    await expect(exported(ensemble('majority-vote'), 'keras-h5')).rejects.toMatchObject({
      words: { en: expect.stringContaining('one graph') },
      hint: { en: expect.stringContaining('TensorFlow.js') },
    });
  });
});
