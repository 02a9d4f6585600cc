import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { ADAM } from '#core/objective';
import {
  type Dimension,
  drawnFrom,
  gridOf,
  gridSize,
  levelsOf,
  type SearchBase,
  settle,
  type Target,
  widened,
} from '#core/search/space';
import { templateById } from '#core/templates';

const rate: Target = { of: 'training', key: 'learningRate' };
const range = (some: Partial<Extract<Dimension, { kind: 'range' }>> = {}): Dimension => ({
  kind: 'range',
  target: rate,
  low: 0.001,
  high: 0.1,
  log: true,
  step: 0,
  levels: 3,
  ...some,
});

describe('a grid', () => {
  it('divides ranges evenly, in the logarithm where asked, ends included', () => {
    expect(levelsOf(range())).toEqual([0.001, 0.01, 0.1]);
    expect(levelsOf(range({ low: 0, high: 1, log: false, levels: 5 }))).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(levelsOf(range({ low: 2, high: 4, log: false, step: 1, levels: 9 }))).toEqual([2, 3, 4]);
    expect(() => levelsOf({ kind: 'list', target: rate, values: [] })).toThrow(RangeError);
  });

  it('is every combination, the last dimension fastest; without dimensions the base alone', () => {
    const list: Dimension = { kind: 'list', target: { of: 'training', key: 'optimizer' }, values: ['adam', 'sgd'] };
    expect(gridOf([range({ levels: 2 }), list])).toEqual([
      [0.001, 'adam'],
      [0.001, 'sgd'],
      [0.1, 'adam'],
      [0.1, 'sgd'],
    ]);
    expect(gridSize([range(), list])).toBe(6);
    expect(gridOf([])).toEqual([[]]);
  });
});

describe('drawing', () => {
  it('stays in the range, spreads evenly over the logarithm, and is the same for the same seed', () => {
    const drawn = drawnFrom([range()], 400, seededRandom(7)).map(([value]) => value as number);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(0.1);
    // One of them in every four-hundredth of the range: half of them below its middle, 0.01.
    expect(drawn.filter((value) => value < 0.01)).toHaveLength(200);
    expect(drawnFrom([range()], 400, seededRandom(7)).map(([value]) => value)).toEqual(drawn);
    expect(drawnFrom([range()], 400, seededRandom(8)).map(([value]) => value)).not.toEqual(drawn);
  });

  it('gives every dimension an order of its own', () => {
    const pairs = drawnFrom([range(), range()], 8, seededRandom(3));
    const rank = (values: readonly unknown[]) => values.map((value) => [...values].sort().indexOf(value));
    expect(rank(pairs.map(([first]) => first))).not.toEqual(rank(pairs.map(([, second]) => second)));
  });

  it('draws nothing twice, and ends where a space is used up', () => {
    const few = drawnFrom([{ kind: 'list', target: rate, values: [1, 2, 3] }], 10, seededRandom(1));
    expect(few.map(([value]) => value).sort()).toEqual([1, 2, 3]);
  });
});

describe('settling', () => {
  const architecture = templateById('lenet-300-100')?.architecture([8, 8, 1], 10);
  if (!architecture) throw new Error('no such template');
  const base: SearchBase = {
    start: { kind: 'fresh', architecture },
    training: {
      optimizer: ADAM,
      learningRate: 0.1,
      schedule: { kind: 'cosine' },
      batchSize: 32,
      epochs: 2,
      seed: 1,
      l1: 0,
      l2: 0,
      dropout: null,
    },
    recipe: { version: 1, seed: 1, steps: [{ pass: 'magnitude-pruning', values: { sparsity: 0.5, scope: 'global' } }] },
  };
  const list = (target: Target): Dimension => ({ kind: 'list', target, values: [0] });

  it('puts choices where they belong and leaves the rest', () => {
    const dimensions = [
      list({ of: 'network', key: 'width' }),
      list({ of: 'network', key: 'template' }),
      list({ of: 'training', key: 'optimizer' }),
      list({ of: 'training', key: 'epochs' }),
      list({ of: 'step', step: 0, key: 'sparsity' }),
    ];
    const settled = settle(base, dimensions, [0.5, 'small-cnn', 'sgd', 7, 0.9]);
    expect(settled.training).toMatchObject({ optimizer: { kind: 'sgd' }, epochs: 7, learningRate: 0.1 });
    expect(settled.recipe?.steps[0]?.values).toEqual({ sparsity: 0.9, scope: 'global' });
    // The width is the template's that was chosen: 8, 16 filters and 64 units halved, the classes kept.
    const rows = settled.start.kind === 'fresh' ? settled.start.architecture.rows : [];
    expect(
      rows.flatMap((row) => (row.kind === 'conv2d' ? row.filters : row.kind === 'dense' ? row.units : [])),
    ).toEqual([4, 8, 32, 10]);
    expect(base.training?.epochs).toBe(2);
  });

  it('widens no layer below 1, and never the one that gives the classes', () => {
    const units = widened(architecture, 0.001).rows.flatMap((row) => (row.kind === 'dense' ? row.units : []));
    expect(units).toEqual([1, 1, 10]);
  });
});
