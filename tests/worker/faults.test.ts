/** What crosses the border says itself whether what was kept of the work is good for another try. */
import { expect, it } from 'vitest';
import { PassError } from '#core/pass';
import { StepError } from '#core/recipe';
import { BackendError } from '#engine/backend';
import { DatasetError } from '#engine/datasets/errors';
import { EngineError } from '#engine/errors';
import { faultOf, keptForAnother } from '#worker/faults';

const words = { en: 'no', zh: '否' };
const lacking = {
  'dataset-fetch': new DatasetError('fetch', 'train-images.gz', words),
  'backend-lost': new BackendError('lost', 'unplugged'),
  'backend-shader': new BackendError('shader', 'broken'),
  'backend-memory': new BackendError('memory', 'full'),
  'engine-backend': new EngineError('backend', words),
  memory: new RangeError('Array buffer allocation failed'),
};
const failed = {
  'backend-unsupported': new BackendError('unsupported', 'a layer'),
  'engine-diverged': new EngineError('diverged', words),
  pass: new PassError(words),
  unexpected: new TypeError('a mistake'),
};

it.each(Object.entries(lacking))('%s: what was kept stays', async (code, error) => {
  let dropped = 0;
  const drop = async () => void dropped++;
  await expect(keptForAnother(drop, () => Promise.reject(error))).rejects.toBe(error);
  expect(dropped).toBe(0);
  expect(faultOf(error)).toMatchObject({ code, mayGoOn: true });
});

it.each(Object.entries(failed))('%s: what was kept goes', async (code, error) => {
  let dropped = 0;
  const drop = async () => void dropped++;
  await expect(keptForAnother(drop, () => Promise.reject(error))).rejects.toBe(error);
  expect(dropped).toBe(1);
  expect(faultOf(error)).toMatchObject({ code });
  expect(faultOf(error).mayGoOn).toBeUndefined();
});

it.each(Object.entries(lacking))('%s in a step of a recipe is no fault of the step', (code, cause) => {
  const fault = faultOf(new StepError(2, 'fine-tuning', words, cause));
  expect(fault).toMatchObject({ code, step: 2, mayGoOn: true });
});
it('what a step refuses is said in its words', () => {
  const refused = new StepError(2, 'fine-tuning', words, new PassError({ en: 'inside', zh: '' }));
  expect(faultOf(refused)).toEqual({ code: 'pass', words, step: 2 });
});
