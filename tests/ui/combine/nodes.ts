/** An ensemble of two as the page knows it, for tests. */
import type { ModelNode } from '#stores/state';
import type { CombineResult } from '#worker/protocol-ensembles';
import { accuracy, modelNode } from '../models/nodes';

type Origin = Extract<ModelNode['origin'], { kind: 'combined' }>;

export const result: Omit<CombineResult, 'model'> = {
  validation: accuracy(0.97),
  test: accuracy(0.96),
  members: [
    { id: 'm-a', name: 'First', weight: 0.25, used: 1, validation: accuracy(0.94), test: accuracy(0.93) },
    { id: 'm-b', name: 'Second', weight: 0.75, used: 1, validation: accuracy(0.95), test: accuracy(0.945) },
  ],
  disagreement: [
    [0, 0.07],
    [0.07, 0],
  ],
  q: [
    [1, 0.5],
    [0.5, 1],
  ],
  onlyTogether: [3, 8],
  onlyApart: [],
  seconds: 1,
  notes: [],
};

export const origin: Origin = {
  kind: 'combined',
  way: 'hand-weights',
  values: {},
  parents: ['a', 'b'],
  seconds: 1,
  result,
};

const whole = modelNode({ id: 'e', name: 'Both', parameters: 3000, validation: 0.97, test: 0.96, origin });
export const ensemble: ModelNode = {
  ...whole,
  summary: {
    ...whole.summary,
    kind: 'ensemble',
    ensemble: { way: origin.way, values: {}, members: result.members },
  },
};

const member = (id: string, name: string, parameters: number, test: number, validation: number): ModelNode => ({
  ...modelNode({ id, name, parameters, test, validation, latency: 0.5 }),
  model: `m-${id}`,
});
export const members = [member('a', 'First', 1000, 0.93, 0.94), member('b', 'Second', 2000, 0.945, 0.95)];

/** Taught by the ensemble. */
export const student = modelNode({
  id: 's',
  name: 'Second, distillation',
  parent: 'b',
  parameters: 1500,
  test: 0.955,
  origin: {
    kind: 'recipe',
    recipe: { version: 1, seed: 1, steps: [{ pass: 'distillation', values: { teacher: 'e' } }] },
    seconds: 1,
  },
});
