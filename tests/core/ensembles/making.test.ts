/**
 * Making members, with learners that are known through and through: each "trained" model remembers the rows and weights it
 * was shown, and answers as a rule says.
 */
import { describe, expect, it } from 'vitest';
import { fitEnsemble } from '#core/ensembles/fit';
import { bagging } from '#core/ensembles/making/bagging';
import { boostingMembers, sammeStep } from '#core/ensembles/making/boosting';
import { MAKINGS, makingById } from '#core/ensembles/making/index';
import type { MakingContext } from '#core/ensembles/making/making';
import { outOfFold } from '#core/ensembles/making/out-of-fold';
import { snapshots } from '#core/ensembles/making/snapshots';
import { soups } from '#core/ensembles/making/soups';
import { specialistMembers } from '#core/ensembles/making/specialists';
import { averagedModel, structureFault } from '#core/ensembles/making/weights';
import { answersIn } from '#core/ensembles/shared/answers';
import { stacking } from '#core/ensembles/stacking';
import type { Model } from '#core/model/model';
import { stratifiedFolds } from '#core/numeric/folds';
import { seededRandom } from '#core/numeric/random';
import type { Objective } from '#core/objective';
import { defaultsOf } from '#core/params';
import { PassError } from '#core/pass';
import type { EnsembleState, Predictor, TreesPredictor } from '#core/predictor';
import { denseModel, kernelOf, plainContext, tensor } from '../passes/helpers';

const CLASSES = 3;
const IMAGES = 90;
const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % CLASSES);

/** What a model answers, from the objective it was trained with; null for one that was not trained here. */
type Rule = (objective: Objective | null, row: number, made: number) => number;

function world(rule: Rule, changes: Partial<MakingContext> = {}) {
  const trained = new Map<Model, Objective>();
  const done: number[] = [];
  const context: MakingContext = {
    ...plainContext(3),
    classes: CLASSES,
    labels: () => labels,
    progress: (share) => done.push(share),
    async train(objective) {
      const made = { ...objective.model };
      trained.set(made, objective);
      context.progress(1);
      return made;
    },
    async answers(predictor: Predictor) {
      if (predictor.kind !== 'model') throw new Error('only models here');
      const objective = trained.get(predictor.model) ?? null;
      const made = [...trained.keys()].indexOf(predictor.model);
      const logits = new Float32Array(IMAGES * CLASSES);
      for (let row = 0; row < IMAGES; row++) logits[row * CLASSES + rule(objective, row, made)] = 4;
      return logits;
    },
    ...changes,
  };
  return { context, trained, done };
}
const model = denseModel(tensor([2, 3], [1, 2, 3, 4, 5, 6]));
const right = (row: number): number => labels[row] as number;
const wrong = (row: number): number => (right(row) + 1) % CLASSES;

describe('every making', () => {
  it.each(MAKINGS.map((one) => [one.id, one] as const))('%s has words in both languages', (id, { words, models }) => {
    for (const one of [words.title, words.help, words.cost, words.pays, ...(words.models ? [words.models] : [])]) {
      expect(one.en.length).toBeGreaterThan(0);
      expect(one.zh).toMatch(/\p{Script=Han}/u);
    }
    expect(words.paper).toMatch(/\d{4}/);
    expect(models.most).toBeGreaterThanOrEqual(models.least);
    expect(makingById(id).words).toBe(words);
  });
});

describe('boosting', () => {
  it('weighs by the formula', () => {
    // Four images, one wrong: e = 1/4, weight = ln 3 + ln 2; the wrong one becomes 6 of 9, the others 1 of 9 each.
    const step = sammeStep(new Float64Array(4).fill(0.25), [0, 0, 0, 1], [0, 0, 0, 0], 3);
    expect(step).toMatchObject({ kind: 'goes on', error: 0.25 });
    if (step.kind !== 'goes on') return;
    expect(step.weight).toBeCloseTo(Math.log(6), 12);
    for (const [i, share] of [1 / 9, 1 / 9, 1 / 9, 6 / 9].entries()) expect(step.shares[i]).toBeCloseTo(share, 12);
    expect(sammeStep(new Float64Array(3).fill(1 / 3), [1, 1, 0], [0, 0, 0], 3).kind).toBe('guessing');
  });

  it('trains each member on what those before it got wrong', async () => {
    // The first is wrong on rows 0 to 8, the second on 9 to 17, …
    const { context, trained, done } = world((_, row, made) =>
      Math.floor(row / 9) === made ? wrong(row) : right(row),
    );
    const made = await boostingMembers.make([model], { ...defaultsOf(boostingMembers.params), members: 3 }, context);
    expect(made.members).toHaveLength(3);
    const weights = [...trained.values()].map(({ sampleWeights }) => sampleWeights as Float32Array);
    expect(weights[0]?.every((weight) => weight === 1)).toBe(true);
    // e = 1 / 10: 9 * 2 = 18 times; over 9 * 18 + 81 = 243 of 90.
    expect(weights[1]?.[0]).toBeCloseTo((18 / 243) * 90, 4);
    expect(weights[1]?.[9]).toBeCloseTo(90 / 243, 4);
    for (const own of weights) expect(own.reduce((sum, weight) => sum + weight, 0) / IMAGES).toBeCloseTo(1, 4);
    const alphas = made.combined?.state?.weights as number[];
    expect(alphas.reduce((sum, alpha) => sum + alpha, 0)).toBeCloseTo(1, 12);
    expect(done.at(-1)).toBe(1);
  });

  it('ends with a member that knows all, and refuses one that guesses', async () => {
    const values = defaultsOf(boostingMembers.params);
    const made = await boostingMembers.make([model], values, world((_, row) => right(row)).context);
    expect(made.members).toHaveLength(1);
    expect(made.report.notes).toHaveLength(1);
    await expect(boostingMembers.make([model], values, world((_, row) => wrong(row)).context)).rejects.toThrow(
      PassError,
    );
  });
});

it('bagging draws as many rows with replacement, others for each member', async () => {
  const { context, trained } = world((_, row) => right(row));
  const made = await bagging.make([model], { ...defaultsOf(bagging.params), members: 3 }, context);
  const rows = [...trained.values()].map(({ data }) => [...(data?.rows ?? [])]);
  expect(made.members).toHaveLength(3);
  for (const own of rows) {
    expect(own).toHaveLength(IMAGES);
    // About 1 - 1 / e of them are different.
    expect(new Set(own).size / IMAGES).toBeGreaterThan(0.5);
    expect(new Set(own).size / IMAGES).toBeLessThan(0.75);
  }
  expect(rows[0]).not.toEqual(rows[1]);
});

it('snapshots go on from each other along a cosine', async () => {
  const { context, trained } = world((_, row) => right(row));
  const made = await snapshots.make([model], { ...defaultsOf(snapshots.params), cycles: 3, afresh: false }, context);
  const runs = [...trained];
  expect(runs.map(([, objective]) => objective.schedule.kind)).toEqual(['cosine', 'cosine', 'cosine']);
  expect(runs[0]?.[1].model).toBe(model);
  expect(runs[2]?.[1].model).toBe(runs[1]?.[0]);
  expect(made.members.map((one) => one.kind === 'model' && one.model)).toEqual(runs.map(([own]) => own));
});

describe('soups', () => {
  const models = [1, 2, 6].map((w) => denseModel(tensor([1, 1], [w])));
  const accuracyOf = (model: Model): number => 1 - Math.abs((kernelOf(model, 'd1').data[0] as number) - 1.4) / 10;
  const context = world(() => 0, {
    accuracy: async (predictor) => (predictor.kind === 'model' ? accuracyOf(predictor.model) : 0),
  }).context;
  const soupOf = async (recipe: 'greedy' | 'uniform') => {
    const made = await soups.make(models, { ...defaultsOf(soups.params), recipe }, context);
    const [one] = made.members;
    return { made, kernel: one?.kind === 'model' ? kernelOf(one.model, 'd1').data[0] : undefined };
  };

  it('uniform is the mean of all', async () => expect((await soupOf('uniform')).kernel).toBe(3));

  it('greedy keeps what does not make it worse', async () => {
    // 1 is best (0.96), with 2 it is 1.5 (0.99), with 6 it would be 3.
    const { made, kernel } = await soupOf('greedy');
    expect(kernel).toBe(1.5);
    expect(made.report.notes[0]?.en).toMatch(/2 of 3/);
    expect(made.combined).toBeNull();
  });

  it('refuses other structures and coded weights', async () => {
    const wide = denseModel(tensor([1, 2], [1, 2]));
    expect(structureFault(models[0] as Model, wide)?.en).toMatch(/same layers/);
    const half = denseModel(tensor([1, 1], [1], { values: { kind: 'half' } }));
    expect(structureFault(models[0] as Model, half)?.en).toMatch(/quantized or shared/);
    await expect(soups.make([models[0] as Model, wide], defaultsOf(soups.params), context)).rejects.toThrow(PassError);
  });

  it('keeps what is pruned in all', () => {
    const masked = (w: number, mask: number[]) =>
      denseModel(
        tensor(
          [3, 1],
          [w, 0, 0].map((v, i) => (mask[i] ? w : v)),
          { mask: Uint8Array.from(mask), values: { kind: 'dense' } },
        ),
      );
    const { data, encoding } = kernelOf(averagedModel([masked(2, [1, 0, 0]), masked(4, [1, 1, 0])]), 'd1');
    expect([...data]).toEqual([3, 2, 0]);
    expect([...(encoding.mask ?? [])]).toEqual([1, 1, 0]);
  });
});

it('specialists learn the classes that the router confuses', async () => {
  // Classes 1 and 2 are taken for each other on every other image; class 0 never.
  const { context, trained } = world((objective, row) =>
    objective || row % 2 || right(row) === 0 ? right(row) : 3 - right(row),
  );
  const made = await specialistMembers.make([model], { ...defaultsOf(specialistMembers.params), groups: 2 }, context);
  expect(made.combined?.state?.groups).toEqual([[0], [1, 2]]);
  expect([...trained.values()].map(({ data }) => data?.without)).toEqual([[0]]);
  expect(made.combined?.state?.reach).toEqual([1, 1 / 3, 2 / 3]);
  expect(made.names.map(({ en }) => en)).toEqual(['Router', 'Classes 0', 'Classes 1, 2']);
  const { way, values, state } = made.combined ?? { way: '', values: {} };
  const logits = [];
  for (const member of made.members) logits.push(await context.answers(member, 'validation'));
  const random = seededRandom(1);
  const whole = await fitEnsemble(way, values, made.members, { logits, labels, classes: CLASSES }, { random }, state);
  expect(whole.state).toBe(state);
});

it('specialists learn the classes that a person put together', async () => {
  const values = { ...defaultsOf(specialistMembers.params), groups: 3, classes: ['3', '1', '3'] };
  const { context, trained } = world((_, row) => right(row));
  const made = await specialistMembers.make([model], values, context);
  // Nobody is in the second group.
  expect(made.combined?.state?.groups).toEqual([[1], [0, 2]]);
  expect([...trained.values()].map(({ data }) => data?.without)).toEqual([[1]]);
  // The one specialist that was trained can be made again by itself; where the model's confusions decide it cannot.
  const again = world((_, row) => right(row));
  await specialistMembers.again?.(0, [model], values, again.context);
  expect([...again.trained.values()].map(({ data }) => data?.without)).toEqual([[1]]);
  expect(specialistMembers.cannotAgain?.(0, 1, values)).toBeNull();
  expect(specialistMembers.cannotAgain?.(0, 1, { ...values, classes: [] })?.en).toContain('chosen by hand');
  expect(specialistMembers.cannotAgain?.(null, 1, { ...values, classes: [] })).toBeNull();
  const one = { ...values, classes: ['1', '1', '1'] };
  await expect(specialistMembers.make([model], one, context)).rejects.toThrow(/two groups/);
});

describe('folds', () => {
  it('hold every class alike', () => {
    const own = Uint8Array.from({ length: 47 }, (_, i) => (i < 7 ? 0 : i < 20 ? 1 : 2));
    const foldOf = stratifiedFolds(own, 4, seededRandom(2));
    for (const label of [0, 1, 2]) {
      const sizes = [0, 1, 2, 3].map((fold) => own.filter((l, i) => l === label && foldOf[i] === fold).length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
    expect(stratifiedFolds(own, 4, seededRandom(2))).toEqual(foldOf);
    expect(stratifiedFolds(own, 4, seededRandom(3))).not.toEqual(foldOf);
  });
});

describe('stacking out of fold', () => {
  const values = { ...defaultsOf(outOfFold.params), folds: 3 };
  const noise = seededRandom(8);
  const guesses = Array.from({ length: IMAGES }, () => Math.floor(noise() * CLASSES));
  /** Knows by heart the rows it was trained on, and guesses on all others. */
  const byHeart: Rule = (objective, row) => {
    const rows = objective?.data?.rows;
    return !rows || rows.includes(row) ? right(row) : (guesses[row] as number);
  };
  /** Right on two images of three, whatever it was trained on. */
  const honest = (row: number): number => (row % 9 < 6 ? right(row) : wrong(row));

  it('shows the second level no answer to a row that its member was trained on', async () => {
    const { context, trained } = world(byHeart);
    const made = await outOfFold.make([model], values, context);
    const parts = [...trained.values()].map(({ data }) => data?.rows);
    // Three fits on 60 rows each, every row left out once, and one on all.
    expect(parts.map((rows) => rows?.length)).toEqual([60, 60, 60, undefined]);
    const times = new Uint8Array(IMAGES);
    for (const rows of parts) for (const row of rows ?? []) times[row] = (times[row] as number) + 1;
    expect(times.every((count) => count === 2)).toBe(true);
    expect(made.members).toHaveLength(1);
  });

  it('so whoever knows its rows by heart earns no trust, which it would if they leaked', async () => {
    const rule: Rule = (objective, row, made) => (made < 4 ? byHeart(objective, row, made) : honest(row));
    const { context } = world(rule);
    const other = { ...model, name: 'Honest' };
    const made = await outOfFold.make([model, other], values, context);
    const random = seededRandom(1);
    // On new images whoever learned by heart guesses, and the other is as honest as before.
    const fresh = [(row: number) => guesses[(row + 40) % IMAGES] as number, honest].map((answer) => {
      const logits = new Float32Array(IMAGES * CLASSES);
      for (let row = 0; row < IMAGES; row++) logits[row * CLASSES + answer(row)] = 4;
      return logits;
    });
    const shareRight = (state: EnsembleState): number => {
      const { scores } = stacking.combine(fresh, CLASSES, defaultsOf(stacking.params), state);
      return answersIn(scores, CLASSES).filter((answer, row) => answer === right(row)).length / IMAGES;
    };
    const leaky = { logits: [] as Float32Array[], labels, classes: CLASSES };
    for (const member of made.members) leaky.logits.push(await context.answers(member, 'train'));
    const leaked = await fitEnsemble('stacking', {}, made.members, leaky, { random });
    const [clean, dirty] = [shareRight(made.combined?.state ?? {}), shareRight(leaked.state)];
    expect(clean).toBeGreaterThan(dirty + 0.2);
    expect(clean).toBeGreaterThan(0.6);
  });

  it('refuses a model of which nobody knows how it was made', async () => {
    const { context } = world(byHeart, { refit: () => null });
    await expect(outOfFold.make([model], values, context)).rejects.toThrow(/Nobody knows/);
  });

  it('replays a known recipe with the rows of each fold', async () => {
    const asked: (number | null)[] = [];
    const { context } = world(() => 0, {
      refit: async (one, rows) => {
        asked.push(rows?.length ?? null);
        return one;
      },
    });
    await outOfFold.make([model], values, context);
    expect(asked).toEqual([60, 60, 60, null]);
  });

  it('makes again what is no network even where networks are trained afresh', async () => {
    const asked: (number | null)[] = [];
    const { context, trained } = world(() => 0, {
      refit: async (one, rows) => {
        asked.push(rows?.length ?? null);
        return one;
      },
      answers: async () => new Float32Array(IMAGES * CLASSES),
    });
    const trees: TreesPredictor = {
      kind: 'trees',
      features: { kind: 'pixels' },
      forest: { kind: 'mean', trees: [], start: [] },
      classes: CLASSES,
      shape: [1, 2, 1],
    };
    const made = await outOfFold.make([trees, model], { ...values, afresh: true }, context);
    expect(asked).toEqual([60, 60, 60, null]);
    expect(trained.size).toBe(4);
    expect(made.members[0]).toBe(trees);
    const lost = world(() => 0, { refit: () => null }).context;
    await expect(outOfFold.make([trees], { ...values, afresh: true }, lost)).rejects.toThrow(
      /Member 1 .* Leave it out/,
    );
  });
});

describe('a member made again', () => {
  it('of a bag: on its own draw of the images that there are, whatever the others were', async () => {
    const { context, trained } = world((_, row) => right(row));
    await bagging.again?.(4, [model], { ...defaultsOf(bagging.params), members: 5 }, context);
    expect([...trained.values()].map(({ data }) => data?.rows?.length)).toEqual([IMAGES]);
  });

  it('is refused where it would not stay what it is', () => {
    const values = defaultsOf(soups.params);
    expect(soups.cannotAgain?.(0, 1, values)).toBeNull();
    expect(soups.cannotAgain?.(0, 3, values)?.en).toContain('common start');
    expect(outOfFold.cannotAgain?.(null, 1, defaultsOf(outOfFold.params))?.en).toContain('Stack its members');
  });
});
