/** Each way of combining on numbers worked by hand. */
import { describe, expect, it } from 'vitest';
import { learnsFrom } from '#core/ensembles/ensemble';
import { fitEnsemble } from '#core/ensembles/fit';
import { ensembleById } from '#core/ensembles/index';
import { answersIn } from '#core/ensembles/shared/answers';
import { cascadeCurve } from '#core/ensembles/shared/cascading';
import { chosenGroups, groupsByConfusion } from '#core/ensembles/shared/groups';
import { seededRandom } from '#core/numeric/random';
import { clampValues, defaultsOf } from '#core/params';
import type { EnsembleState } from '#core/predictor';

/** Logits of these probabilities. */
const logs = (...p: number[]): Float32Array => Float32Array.from(p, Math.log);
const combine = (id: string, logits: Float32Array[], classes: number, state: EnsembleState = {}, values = {}) => {
  const way = ensembleById(id);
  const { scores, used } = way.combine(logits, classes, { ...defaultsOf(way.params), ...values }, state);
  return { p: Array.from(scores, Math.exp), scores, used };
};
const fit = (id: string, logits: Float32Array[], labels: number[], classes: number, values = {}) => {
  const way = ensembleById(id);
  const all = { ...defaultsOf(way.params), ...values };
  return way.fit?.({ logits, labels, classes }, all, { random: seededRandom(1) });
};
const near = (own: readonly number[], theirs: readonly number[]): void => {
  for (const [i, value] of theirs.entries()) expect(own[i]).toBeCloseTo(value, 5);
};

describe('means', () => {
  it('of probabilities', () => near(combine('mean-probabilities', [logs(0.9, 0.1), logs(0.5, 0.5)], 2).p, [0.7, 0.3]));

  it('of logits is the geometric mean, normalised', () => {
    // sqrt(0.9 * 0.5) : sqrt(0.1 * 0.5) = 3 : 1.
    near(combine('mean-logits', [logs(0.9, 0.1), logs(0.5, 0.5)], 2).p, [0.75, 0.25]);
  });

  it('by hand', () => {
    const members = [logs(0.9, 0.1), logs(0.5, 0.5)];
    near(combine('hand-weights', members, 2, {}, { weight1: 0.75, weight2: 0.25 }).p, [0.8, 0.2]);
    near(combine('hand-weights', members, 2, {}, { weight1: 0, weight2: 0 }).p, [0.7, 0.3]);
  });

  it('by accuracy: 3 of 4 and 2 of 4 right weigh 0.6 and 0.4', async () => {
    const a = logs(0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1);
    const b = logs(0.9, 0.1, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9);
    expect(await fit('accuracy-weights', [a, b], [0, 0, 0, 1], 2)).toEqual({ weights: [0.6, 0.4] });
    // Half an image on either side: ln(3.5 / 1.5) against ln(2.5 / 2.5) = 0.
    expect(await fit('accuracy-weights', [a, b], [0, 0, 0, 1], 2, { rule: 'logOdds' })).toEqual({ weights: [1, 0] });
  });

  it('by weights that make the log loss least', async () => {
    // p of the labels: first 0.8 and 0.2, second 0.4 and 0.6. ln(0.4 + 0.4w) + ln(0.6 - 0.4w) is greatest at w = 1 / 4.
    const state = await fit('learned-weights', [logs(0.8, 0.2, 0.8, 0.2), logs(0.4, 0.6, 0.4, 0.6)], [0, 1], 2);
    const weights = state?.weights as number[];
    near(weights, [0.25, 0.75]);
    // A member worse on every image gets nothing.
    const lost = await fit('learned-weights', [logs(0.8, 0.2), logs(0.7, 0.3)], [0], 2);
    expect(lost?.weights).toEqual([1, 0]);
  });
});

describe('votes', () => {
  it('go by number, though probabilities say otherwise', () => {
    const three = [logs(0.51, 0.49), logs(0.51, 0.49), logs(0.01, 0.99)];
    expect([...answersIn(combine('majority-vote', three, 2).scores, 2)]).toEqual([0]);
    expect([...answersIn(combine('soft-vote', three, 2).scores, 2)]).toEqual([1]);
  });

  it('tie by the sum of probabilities, then by the lower class', () => {
    const tied = [logs(0.6, 0.3, 0.1), logs(0.2, 0.7, 0.1)];
    expect([...answersIn(combine('majority-vote', tied, 3).scores, 3)]).toEqual([1]);
    const even = [logs(0.1, 0.6, 0.3), logs(0.1, 0.3, 0.6)];
    expect([...answersIn(combine('majority-vote', even, 3).scores, 3)]).toEqual([1]);
    // A class without a vote never wins by its probability: 0.4 + 0.4 for class 2, and one vote each for 0 and 1.
    const third = [logs(0.5, 0.05, 0.45), logs(0.05, 0.5, 0.45)];
    expect([...answersIn(combine('majority-vote', third, 3).scores, 3)]).toEqual([0]);
  });

  it('of SAMME count as much as their weights', async () => {
    const members = [logs(0.9, 0.1), logs(0.1, 0.9), logs(0.1, 0.9)];
    expect([...answersIn(combine('boosting', members, 2, { weights: [3, 1, 1] }).scores, 2)]).toEqual([0]);
    expect([...answersIn(combine('boosting', members, 2, { weights: [1, 1, 1] }).scores, 2)]).toEqual([1]);
  });
});

describe('a cascade', () => {
  const small = logs(0.95, 0.05, 0.6, 0.4, 0.3, 0.7);
  const large = logs(0.4, 0.6, 0.1, 0.9, 0.2, 0.8);
  const alone = { temperatures: [1, 1] };

  it('asks the next only where it is not sure', () => {
    const { p, used } = combine('cascade', [small, large], 2, alone, { threshold: 0.7 });
    near(p, [0.95, 0.05, 0.1, 0.9, 0.3, 0.7]);
    expect(used?.map((own) => [...own])).toEqual([
      [1, 1, 1],
      [0, 1, 0],
    ]);
  });

  it('divides by the temperature before it asks', () => {
    // At T = 2, 0.95 : 0.05 becomes sqrt(19) : 1, that is 0.813.
    const { used } = combine('cascade', [small, large], 2, { temperatures: [2, 1] }, { threshold: 0.9 });
    expect([...(used?.[1] ?? [])]).toEqual([1, 1, 1]);
  });

  it('keeps how often each is asked, and draws accuracy against mean MACs', async () => {
    const answers = { logits: [small, large], labels: [0, 1, 1], classes: 2 };
    const members = [0, 1].map(() => ({ kind: 'model' as const, model: {} as never }));
    const made = await fitEnsemble('cascade', { threshold: 0 }, members, answers, { random: () => 0 });
    expect(made.state.reach).toEqual([1, 0]);
    const curve = cascadeCurve([small, large], [0, 1, 1], 2, [10, 90], [1, 1], [0, 0.7, 1]);
    expect(curve.map(({ accuracy, meanMacs }) => [accuracy, meanMacs])).toEqual([
      [2 / 3, 10],
      [1, 40],
      [2 / 3, 100],
    ]);
  });
});

describe('groups of classes', () => {
  // Router: 0.5 0.2 | 0.1 0.2; the first specialist says 1 : 3 inside, the second 1 : 1.
  const router = logs(0.5, 0.2, 0.1, 0.2);
  const inside = [logs(0.1, 0.3, 0.3, 0.3), logs(0.3, 0.3, 0.2, 0.2)];
  const state = {
    groups: [
      [0, 1],
      [2, 3],
    ],
  };

  it('in a chain multiply: P(g) P(c | g)', () =>
    near(combine('task-chain', [router, ...inside], 4, state).p, [0.175, 0.525, 0.15, 0.15]));

  it('ask one specialist, and leave the rest to the router', () => {
    const { p, used } = combine('specialists', [router, ...inside], 4, state);
    near(p, [0.175, 0.525, 0.1, 0.2]);
    expect(used?.map(([one]) => one)).toEqual([1, 1, 0]);
  });

  it('are as a person says, and then nothing is learned', async () => {
    const chosen = { classes: ['2', '1', '2', '7'] };
    expect(chosenGroups(chosen.classes, 2, 4)).toEqual([[1], [0, 2, 3]]);
    // Of classes that nobody put anywhere, those of equal runs; of a list that is empty, whatever the way finds.
    expect(chosenGroups(['2'], 2, 4)).toEqual([[1], [0, 2, 3]]);
    expect(chosenGroups([], 2, 4)).toBeNull();
    const answers = { logits: [router, ...inside], labels: [0], classes: 4 };
    for (const id of ['specialists', 'task-chain']) {
      const way = ensembleById(id);
      expect(await way.fit?.(answers, chosen, { random: () => 0 })).toEqual({ groups: [[1], [0, 2, 3]] });
      expect([learnsFrom(way, chosen), learnsFrom(way, {})]).toEqual([false, true]);
    }
    const { params } = ensembleById('specialists');
    const read = (classes: unknown) => clampValues(params, { classes })['classes'];
    expect([['1', '12'], ['0'], ['one'], 3].map(read)).toEqual([['1', '12'], [], [], []]);
    expect(learnsFrom(ensembleById('stacking'), {})).toBe(true);
    expect(learnsFrom(ensembleById('mean-logits'), {})).toBe(false);
  });

  it('come together by confusion', () => {
    const confusion = [5, 0, 3, 0, 0, 5, 0, 2, 1, 0, 5, 0, 0, 0, 0, 5];
    expect(groupsByConfusion(confusion, 4, 2)).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('go to whoever knows them', async () => {
    const labels = [0, 1, 2, 3];
    const knows = (...own: number[]) =>
      Float32Array.from({ length: 16 }, (_, i) => (i % 4 === Math.floor(i / 4) && own.includes(i % 4) ? 3 : 0));
    const fitted = await fit('specialists', [knows(), knows(1, 2), knows(0, 3)], labels, 4);
    expect(fitted?.groups).toEqual([
      [1, 2],
      [0, 3],
    ]);
  });
});

describe('stacking', () => {
  // The first member is right on classes 0 and 1 only, the second on 2 and 3 only; where one is wrong it says the opposite.
  const labels = Array.from({ length: 80 }, (_, i) => i % 4);
  const half = (knows: (c: number) => boolean) =>
    Float32Array.from({ length: 320 }, (_, i) => {
      const label = labels[Math.floor(i / 4)] as number;
      const says = knows(label) ? label : (label + 2) % 4;
      return i % 4 === says ? 2 : 0;
    });
  const members = [half((c) => c < 2), half((c) => c >= 2)];

  it.each([['logistic'], ['network']])('learns whom to believe for which class (%s)', async (level) => {
    const values = { level, penalty: 1e-4, units: 8 };
    const state = await fit('stacking', members, labels, 4, values);
    const answers = [...answersIn(combine('stacking', members, 4, state, values).scores, 4)];
    // The first says {0, 1} for everything and the second {2, 3}: what both say is the same for 0 and 2, so half is the most
    // that can be right; a third member that tells the two apart makes it all.
    expect(answers.filter((answer, i) => answer === labels[i]).length).toBe(40);
    const helper = Float32Array.from({ length: 320 }, (_, i) =>
      (labels[Math.floor(i / 4)] as number) < 2 && i % 4 === 0 ? 1 : 0,
    );
    const all = [...members, helper];
    const better = await fit('stacking', all, labels, 4, values);
    expect([...answersIn(combine('stacking', all, 4, better, values).scores, 4)]).toEqual(labels);
  });

  it('refuses a state of other members', async () => {
    const state = await fit('stacking', members, labels, 4);
    expect(() => combine('stacking', members.slice(1), 4, state)).toThrow(RangeError);
  });
});

it('an ensemble is fitted from members and answers, and refuses too few', async () => {
  const answers = { logits: [logs(0.9, 0.1), logs(0.5, 0.5)], labels: [0], classes: 2 };
  const random = seededRandom(1);
  const members = [0, 1].map(() => ({ kind: 'model' as const, model: {} as never }));
  const made = await fitEnsemble('accuracy-weights', { rule: 'nonsense', other: 1 }, members, answers, { random });
  expect(made).toMatchObject({
    way: 'accuracy-weights',
    values: { rule: 'normalised' },
    state: { weights: [0.5, 0.5] },
  });
  await expect(fitEnsemble('specialists', {}, members.slice(1), answers, { random })).rejects.toThrow(/2 members/);
});
