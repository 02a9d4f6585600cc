/** Random values of a pass, for what has to hold whatever they are. */

import { isPrunable, tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { clampValues, type Param, type Params, type Values } from '#core/params';
import type { Pass } from '#core/pass';
import { layersThatRun } from '#core/passes/shared/selection';
import fc from '../../properties';

export const trains = (pass: Pass): boolean => pass.needs.includes('training');
/** Training passes are given little to do; everything else about them stays random. */
const SHORT: Values = { epochs: 1, batchSize: 8, learningRate: 0.005 };
/** And so is one that works on each layer for a number of steps. */
const BRIEF: Values = { iterations: 100 };

/** Any values that the declaration allows. */
export function valuesOf(pass: Pass, model: Model): fc.Arbitrary<Values> {
  const runs = layersThatRun(model);
  const kernels = model.layers
    .filter((layer) => runs.has(layer.name) && tensorsOf(layer).some(([role]) => isPrunable(layer, role)))
    .map(({ name }) => name);
  const one = (param: Param): fc.Arbitrary<Values[string]> => {
    switch (param.kind) {
      case 'number':
        return fc.double({ min: param.min, max: param.max, noNaN: true });
      case 'choice':
        return fc.constantFrom(...param.options.map(({ value }) => value));
      case 'flag':
        return fc.boolean();
      case 'layers':
        // All layers, or those before the first output, so that there is something to act on.
        return fc.oneof(fc.constant([]), fc.subarray(kernels.slice(0, -1), { minLength: 1 }));
      case 'predictor':
        return fc.constant('');
      case 'classGroups':
        return fc.constant([]);
      default:
        throw param satisfies never;
    }
  };
  const random = fc.record(
    Object.fromEntries(Object.entries(pass.params as Params).map(([key, param]) => [key, one(param)])),
  );
  return random.map(
    (values) => clampValues(pass.params as Params, { ...values, ...BRIEF, ...(trains(pass) ? SHORT : {}) }) as Values,
  );
}
