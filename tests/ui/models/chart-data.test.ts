import { describe, expect, test } from 'vitest';
import {
  type ChartPoint,
  candidatePoints,
  chartAxes,
  chartPoints,
  costOf,
  frontOf,
  linksOf,
  runPoints,
} from '#ui/models/chart-data.ts';
import { livePoint, previewPoint, togetherPoint } from '#ui/models/use-chart.ts';
import { markOf } from '#ui/predictor/mark.ts';
import { ensemble, origin } from '../combine/nodes';
import { modelNode, projectOf, recipeOf } from './nodes';

const state = projectOf([
  modelNode({ id: 'a', parameters: 10_000, validation: 0.98 }),
  modelNode({
    id: 'b',
    parent: 'a',
    parameters: 10_000,
    nonZero: 1000,
    validation: 0.97,
    origin: recipeOf('magnitude-pruning'),
  }),
  modelNode({ id: 'c', parent: 'b', parameters: 2000, validation: 0.95, origin: recipeOf('weight-sharing') }),
  modelNode({ id: 'new', parameters: 500, validation: null }),
  modelNode({ id: 'other', parameters: 100, validation: 0.99, dataset: 'mnist' }),
]);

describe('what the chart draws', () => {
  const points = chartPoints(state, 'parameters', 'digits');

  test('a point for each measured model, in percent on validation, with its interval', () => {
    expect(points.map(({ node }) => node.id)).toEqual(['a', 'b', 'c', 'other']);
    expect(points[0]).toMatchObject({ x: 10_000, y: 98, low: 97, high: 99, kind: 'training' });
    expect(points.map(({ kind }) => kind)).toEqual(['training', 'pruning', 'sharing', 'training']);
  });

  test('the front is of the data set being worked on', () => {
    expect(frontOf(points).map(({ node }) => node.id)).toEqual(['c', 'a']);
    expect(frontOf(chartPoints(state, 'parameters', 'mnist')).map(({ node }) => node.id)).toEqual(['other']);
    // On non-zero parameters the pruned model is the smallest.
    expect(frontOf(chartPoints(state, 'nonZero', 'digits')).map(({ node }) => node.id)).toEqual(['b', 'a']);
  });

  test('an axis that a model was not measured on leaves it out', () => {
    expect(chartPoints(state, 'latency', 'digits')).toEqual([]);
    expect(costOf({ parameters: 1, nonZero: 0, bytes: 1, macs: 1 }, 'nonZero', null)).toBeNull();
  });

  test('links skip ancestors that are not on the page', () => {
    const hidden = { ...state, order: ['a', 'c'] };
    const links = linksOf(hidden, chartPoints(hidden, 'parameters', 'digits'));
    expect(links.map(([from, to]) => [from.node.id, to.node.id])).toEqual([['a', 'c']]);
  });

  test('an ensemble is linked with each of its members that is on the chart', () => {
    const whole = { ...ensemble, origin: { ...origin, parents: ['a', 'b', 'gone'] } };
    const nodes = projectOf([modelNode({ id: 'a' }), modelNode({ id: 'b' }), whole]);
    const links = linksOf(nodes, chartPoints(nodes, 'parameters', 'digits'));
    expect(links.map(([from, to]) => [from.node.id, to.node.id])).toEqual([
      ['a', 'e'],
      ['b', 'e'],
    ]);
  });

  test('members as chosen stand on the axes that are known before they are combined', () => {
    const preview = {
      validation: { value: 0.9, low: 0.88, high: 0.92, images: 300, loss: 0 },
      macs: 5000,
      parameters: 700,
      used: [1, 1],
      weights: [null, null],
      members: [],
    };
    expect(togetherPoint(preview, 'macs')).toEqual({ x: 5000, y: 90, low: 88, high: 92 });
    expect(togetherPoint(preview, 'parameters')?.x).toBe(700);
    expect(togetherPoint(preview, 'bytes')).toBeNull();
    expect(togetherPoint(null, 'macs')).toBeNull();
  });

  test('axes look closely at the models and are not flattened by a collapse', () => {
    const { x, y } = chartAxes(points, [{ x: 3000, y: 11 }], [50]);
    expect(x.domain[0]).toBeLessThan(50);
    expect(y.domain[0]).toBeGreaterThan(70);
    expect(y.domain[1]).toBe(100);
    expect(chartAxes([], [{ x: 1000, y: 12 }]).y.domain).toEqual([0, 100]);
  });

  test('the axis reaches down to half of the models', () => {
    const [first] = points as [ChartPoint];
    const at = (...ys: number[]) =>
      chartAxes(
        ys.map((y) => ({ ...first, y, low: y - 1, high: y + 1 })),
        [],
      ).y.domain[0];
    expect(at(97, 17)).toBeGreaterThan(70);
    expect(at(97, 17, 43)).toBeLessThan(43);
    expect(at(97, 17, 43)).toBeGreaterThan(17);
    expect(at(97, 17, 43, 96)).toBeGreaterThan(70);
  });

  test('a slider without an accuracy, or on an axis it does not change, has no point', () => {
    const preview = {
      parameters: 10,
      nonZero: 5,
      macs: 20,
      bytes: 40,
      isWritten: true,
      accuracy: { value: 0.9, low: 0.8, high: 0.95, images: 512, change: { value: 0, low: -0.1, high: 0.1 } },
    };
    expect(previewPoint(preview, 'bytes')).toEqual({ x: 40, y: 90, low: 80, high: 95 });
    expect(previewPoint(preview, 'latency')).toBeNull();
    expect(previewPoint({ ...preview, accuracy: null }, 'bytes')).toBeNull();
  });

  test('the model being trained is where it was last validated', () => {
    const trace = [
      { step: 1, epoch: 0.5, trainLoss: 2, trainAccuracy: 0.3, validationAccuracy: 0.4 },
      { step: 2, epoch: 1, trainLoss: 1, trainAccuracy: 0.6 },
    ];
    expect(livePoint(state, { node: 'new', trace }, 'parameters')).toEqual({ x: 500, y: 40 });
    expect(livePoint(state, { node: 'new', trace: [] }, 'parameters')).toBeNull();
    expect(livePoint(state, { node: null, trace }, 'parameters')).toBeNull();
  });

  test('a recipe has the mark of its last step', () => {
    expect(markOf(modelNode({ id: 'f', origin: recipeOf('fine-tuning') }))).toBe('training');
    expect(markOf(modelNode({ id: 'q', origin: recipeOf('weight-quantization') }))).toBe('quantization');
    expect(markOf(modelNode({ id: 'x', origin: recipeOf('no-such-pass') }))).toBe('other');
    expect(markOf(modelNode({ id: 'o', origin: { kind: 'opened', file: 'a.h5', format: 'keras-h5' } }))).toBe('opened');
  });
});

test('runs with other seeds stand where they came out, and stretch the axes', () => {
  const cost = { parameters: 900, macs: 40, bytes: 7 };
  const run = { seed: 2, cost, validation: { value: 0.8, low: 0.7, high: 0.9, images: 300, loss: 1 } };
  const node = modelNode({ id: 'a', parameters: 1000, validation: 0.9, latency: 3, runs: [run] });
  const at = (axis: 'parameters' | 'bytes' | 'latency') =>
    runPoints(chartPoints(projectOf([node]), axis, 'digits'), axis);
  expect(at('parameters')).toMatchObject([{ x: 900, y: 80, key: 'a 2', kind: 'training', comparable: true }]);
  expect(at('bytes')[0]?.x).toBe(7);
  // Nobody measured how long it takes: it stands over its model.
  expect(at('latency')[0]?.x).toBe(3);
  const points = chartPoints(projectOf([node]), 'parameters', 'digits');
  expect(chartAxes(points, runPoints(points, 'parameters')).y.domain[0]).toBeLessThanOrEqual(80);
});

test('candidates of a search stand where they were measured, and nowhere else', () => {
  const found = [{ candidate: 2, accuracy: 0.75, cost: { parameters: 500, macs: 60, bytes: 7 } }];
  expect(candidatePoints(found, 'macs')).toMatchObject([{ x: 60, y: 75, key: 'candidate 3' }]);
  expect(candidatePoints(found, 'latency')).toEqual([]);
  expect(candidatePoints(found, 'nonZero')).toEqual([]);
});
