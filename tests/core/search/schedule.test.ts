import { describe, expect, it } from 'vitest';
import { ADAM } from '#core/objective';
import type { Run, RunResult, SearchPlan } from '#core/search/plan';
import { ahead, allEpochs, candidatesOf, inRound, nextRun } from '#core/search/schedule';
import { bestOf, trialsOf } from '#core/search/trials';

const plan = (some: Partial<SearchPlan> = {}): SearchPlan => ({
  base: {
    start: { kind: 'model', model: 'm' },
    training: {
      optimizer: ADAM,
      learningRate: 0.1,
      schedule: { kind: 'cosine' },
      batchSize: 32,
      epochs: 6,
      seed: 1,
      l1: 0,
      l2: 0,
      dropout: null,
    },
    recipe: null,
  },
  dimensions: [{ kind: 'list', target: { of: 'training', key: 'batchSize' }, values: [8, 16, 32, 64] }],
  strategy: { kind: 'grid' },
  seed: 1,
  folds: 0,
  seeds: [1],
  limit: null,
  ...some,
});

const result = (run: Run, accuracy: number | null, some: Partial<RunResult> = {}): RunResult => ({
  ...run,
  score: accuracy === null ? null : { accuracy, loss: 1 - accuracy, images: 100 },
  cost: { parameters: 10, macs: 20, bytes: 30 },
  seconds: 2,
  curve: [],
  ...some,
});

/** Runs the whole plan; `worth` says how good each run is, null for one that fails. */
function whole(asked: SearchPlan, worth: (run: Run) => number | null): RunResult[] {
  const results: RunResult[] = [];
  for (let run = nextRun(asked, results); run; run = nextRun(asked, results)) {
    results.push(result(run, worth(run)));
    if (results.length > 200) throw new Error('it does not end');
  }
  return results;
}

describe('a grid', () => {
  it('runs every candidate with every fold and seed, and goes on from what is there', () => {
    const asked = plan({ folds: 3, seeds: [5, 6] });
    const results = whole(asked, () => 0.9);
    expect(results).toHaveLength(4 * 3 * 2);
    expect(results.slice(0, 3).map(({ candidate, fold, seed }) => [candidate, fold, seed])).toEqual([
      [0, 0, 5],
      [0, 0, 6],
      [0, 1, 5],
    ]);
    expect(results[0]).toMatchObject({ round: 0, epochs: 6, of: 6 });
    // What is known is not run again, whatever its order.
    expect(nextRun(asked, results.slice(1).toReversed())).toMatchObject({ candidate: 0, fold: 0, seed: 5 });
  });

  it('gives a candidate up when one of its runs fails, and takes the best mean of the others', () => {
    const asked = plan({ seeds: [1, 2] });
    // Candidate 2 is best by luck in one run, 1 by its mean; 3 fails.
    const worth = [
      [0.7, 0.7],
      [0.8, 0.9],
      [0.95, 0.5],
      [null, 1],
    ];
    const results = whole(asked, ({ candidate, seed }) => worth[candidate]?.[seed - 1] ?? null);
    expect(results).toHaveLength(7);
    expect(bestOf(asked, candidatesOf(asked), results)).toBe(1);
    const [, second, , last] = trialsOf(asked, candidatesOf(asked), results);
    expect(second).toMatchObject({ state: 'done', images: 200, seconds: 4 });
    expect(second?.score?.mean).toBeCloseTo(0.85, 12);
    // Sample standard deviation of 0.8 and 0.9: 0.1 / sqrt 2.
    expect(second?.score?.deviation).toBeCloseTo(0.0707107, 6);
    expect(last).toMatchObject({ state: 'failed', score: null });
  });

  it('never takes one that costs more than the limit', () => {
    const asked = plan({ limit: { by: 'bytes', most: 100 } });
    const results: RunResult[] = [];
    for (let run = nextRun(asked, results); run; run = nextRun(asked, results))
      results.push(
        result(run, 0.5 + run.candidate / 10, { cost: { parameters: 1, macs: 1, bytes: 50 * (run.candidate + 1) } }),
      );
    expect(bestOf(asked, candidatesOf(asked), results)).toBe(1);
    expect(trialsOf(asked, candidatesOf(asked), results).map(({ state }) => state)).toEqual([
      'done',
      'done',
      'over',
      'over',
    ]);
  });

  it('breaks ties by loss, then by order, and has no best without a whole trial', () => {
    const asked = plan();
    const results = whole(asked, () => 0.9);
    const losing = results.map((one) => ({
      ...one,
      score: one.score && { ...one.score, loss: one.candidate === 2 ? 0.01 : 1 },
    }));
    expect(bestOf(asked, candidatesOf(asked), results)).toBe(0);
    expect(bestOf(asked, candidatesOf(asked), losing)).toBe(2);
    expect(bestOf(asked, candidatesOf(asked), [])).toBeNull();
  });
});

describe('successive halving', () => {
  // 4 candidates, 24 epochs: 2 rounds of 12; 3 epochs each, then 6 more for two of them.
  const asked = plan({ strategy: { kind: 'halving', trials: 4, budget: 24, eta: 2 } });
  const worth = [0.5, 0.9, 0.6, 0.8];

  it('lets the better half of a round go on, and plans the learning rate for the last', () => {
    const results = whole(
      asked,
      ({ candidate, round }) => (worth[candidate] ?? 0) + round * (candidate === 3 ? 0.15 : 0),
    );
    expect(results.map(({ candidate, round, epochs, of }) => [candidate, round, epochs, of])).toEqual([
      [0, 0, 3, 9],
      [1, 0, 3, 9],
      [2, 0, 3, 9],
      [3, 0, 3, 9],
      [1, 1, 9, 9],
      [3, 1, 9, 9],
    ]);
    const candidates = candidatesOf(asked);
    // What counts is the last round: 0.95 beside 0.9.
    expect(bestOf(asked, candidates, results)).toBe(3);
    expect(trialsOf(asked, candidates, results).map(({ state, epochs }) => [state, epochs])).toEqual([
      ['out', 3],
      ['done', 9],
      ['out', 3],
      ['done', 9],
    ]);
  });

  it('estimates where those that were left behind were heading, from their curves', () => {
    const results = whole(asked, ({ candidate }) => worth[candidate] ?? 0).map((one) =>
      one.candidate === 0
        ? // Error 0.5 / n.
          { ...one, curve: [1, 1.5, 2, 3].map((epoch) => ({ epoch, accuracy: 1 - 0.5 / epoch })) }
        : one,
    );
    const [first, second] = trialsOf(asked, candidatesOf(asked), results);
    expect(first?.estimate?.epochs).toBe(9);
    expect(first?.estimate?.accuracy).toBeCloseTo(1 - 0.5 / 9, 3);
    expect(second?.estimate).toBeNull();
  });

  it('is done with the same share of its work whichever way it is counted', () => {
    expect(ahead(asked, [])).toEqual({ done: 0, secondsLeft: null });
    const results = whole(asked, ({ candidate }) => worth[candidate] ?? 0);
    // Four runs of 3 epochs are half of the 24; 2 s each is 2 / 3 s an epoch, and 12 epochs are left.
    const half = ahead(asked, results.slice(0, 4));
    expect(half.done).toBeCloseTo(0.5, 12);
    expect(half.secondsLeft).toBeCloseTo(8, 12);
    expect(ahead(asked, results)).toMatchObject({ done: 1, secondsLeft: 0 });
  });
});

describe('successive halving over a method', () => {
  // 4 candidates, 24 epochs: 2 rounds of 12; 3 epochs for each of four, then 6 for each of two, from the beginning.
  const recipe = {
    version: 1,
    seed: 1,
    steps: [
      { pass: 'none', values: {} },
      { pass: 'fine-tuning', values: { epochs: 5 } },
    ],
  } as const;
  const asked = plan({
    base: { start: { kind: 'model', model: 'm' }, training: null, recipe },
    dimensions: [{ kind: 'list', target: { of: 'step', step: 1, key: 'batchSize' }, values: [8, 16, 32, 64] }],
    strategy: { kind: 'halving', trials: 4, budget: 24, eta: 2, anew: { step: 1, most: 50 } },
  });

  it('gives its step the epochs of the round, each time from the beginning', () => {
    const results = whole(asked, ({ candidate }) => 0.5 + candidate / 10);
    expect(results.map(({ candidate, round, epochs, of }) => [candidate, round, epochs, of])).toEqual([
      [0, 0, 3, 6],
      [1, 0, 3, 6],
      [2, 0, 3, 6],
      [3, 0, 3, 6],
      [3, 1, 6, 6],
      [2, 1, 6, 6],
    ]);
    expect(inRound(asked.base, asked, 3).recipe?.steps).toEqual([
      recipe.steps[0],
      { pass: 'fine-tuning', values: { epochs: 3 } },
    ]);
    expect(allEpochs(asked, asked.base)).toBe(6);
    expect(bestOf(asked, candidatesOf(asked), results)).toBe(3);
    // Without halving a method keeps the epochs that it has.
    const grid = plan({ ...asked, strategy: { kind: 'grid' } });
    expect(inRound(asked.base, grid, 3)).toBe(asked.base);
    expect(allEpochs(grid, asked.base)).toBeNull();
  });

  it('counts what every round does from the beginning', () => {
    const results = whole(asked, ({ candidate }) => 0.5 + candidate / 10);
    expect(ahead(asked, results.slice(0, 4)).done).toBeCloseTo(0.5, 12);
    // Of 6 epochs each at 2 / 3 s an epoch, one is left.
    expect(ahead(asked, results.slice(0, 5))).toMatchObject({ done: 0.75, secondsLeft: (10 / 18) * 6 });
  });
});

it('draws the same candidates for the same seed, and others for another', () => {
  const drawn = (seed: number) =>
    candidatesOf(
      plan({
        seed,
        strategy: { kind: 'random', trials: 3 },
        dimensions: [
          {
            kind: 'range',
            target: { of: 'training', key: 'learningRate' },
            low: 0.001,
            high: 1,
            log: true,
            step: 0,
            levels: 3,
          },
        ],
      }),
    );
  expect(drawn(1)).toEqual(drawn(1));
  expect(drawn(1)).not.toEqual(drawn(2));
});
