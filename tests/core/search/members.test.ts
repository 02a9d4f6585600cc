import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { bestSingle, type ChoiceQuestion, type Choosable, chooseMembers } from '#core/search/members';

/** A model of two classes that answers as told, image by image, as sure as `by`. */
function answering(answers: string, macs: number, by = 2): Choosable {
  const logits = Float32Array.from([...answers].flatMap((answer) => (answer === '1' ? [0, by] : [by, 0])));
  return { logits, macs, bytes: macs * 10 };
}
const labels = Uint8Array.from([0, 0, 0, 0, 1, 1, 1, 1]);
// Each of the first three errs on two images of its own; two of them are no better than one, for ties go to the first
// class. The fourth is right on four, and cheap.
const models = [
  answering('00000011', 100),
  answering('00001100', 100),
  answering('11001111', 100),
  answering('01000100', 10),
];
const question = (some: Partial<ChoiceQuestion> = {}): ChoiceQuestion => ({
  models,
  labels,
  classes: 2,
  budget: null,
  random: seededRandom(1),
  pause: async () => undefined,
  ...some,
});

describe('forward selection', () => {
  it('adds whom helps most until nothing does: three that err apart are right together', async () => {
    const choice = await chooseMembers(question(), 'majority-vote');
    expect(choice).toMatchObject({
      rule: 'majority-vote',
      way: 'majority-vote',
      members: [0, 1, 2],
      accuracy: 1,
      cost: 300,
    });
    expect(choice?.steps.map(({ accuracy, cost }) => [accuracy, cost])).toEqual([
      [0.75, 100],
      [0.75, 200],
      [1, 300],
    ]);
    expect(bestSingle(question())).toEqual({ member: 0, accuracy: 0.75, cost: 100 });
  });

  it('keeps to a budget of MACs or of bytes', async () => {
    const budget = { by: 'macs', most: 250 } as const;
    const choice = await chooseMembers(question({ budget }), 'mean-probabilities');
    expect(choice?.cost).toBeLessThanOrEqual(250);
    expect(choice?.accuracy).toBeLessThan(1);
    const tiny = question({ budget: { by: 'bytes', most: 100 } });
    expect(await chooseMembers(tiny, 'mean-probabilities')).toMatchObject({ members: [3], cost: 100, accuracy: 0.5 });
    expect(bestSingle(tiny)).toMatchObject({ member: 3 });
    const none = question({ budget: { by: 'bytes', most: 99 } });
    expect(await chooseMembers(none, 'mean-probabilities')).toBeNull();
    expect(await chooseMembers(none, 'cascade')).toBeNull();
    expect(bestSingle(none)).toBeNull();
  });

  it('counts a model that is added again for more, without costing more', async () => {
    // The first is right where it is sure; two others outvote it alone, but not counted twice.
    const sure = { models: [answering('00001100', 5), answering('11110011', 5, 2.5), answering('11111111', 5, 0.1)] };
    const choice = await chooseMembers(question(sure), 'selected-weights');
    expect(choice?.way).toBe('hand-weights');
    const weights = choice?.members.map((_, at) => choice.values[`weight${at + 1}`] as number) ?? [];
    expect(Math.max(...weights)).toBe(1);
    expect(weights.every((weight) => weight > 0)).toBe(true);
    expect(choice?.cost).toBe(5 * (choice?.members.length ?? 0));
  });

  it('judges ways that learn on images that they did not learn from', async () => {
    // Random answers: learned weights cannot do better than chance where they are judged, whatever they fit.
    const random = seededRandom(5);
    const many = 400;
    const noise = (): Choosable => ({
      logits: Float32Array.from({ length: many * 2 }, () => random() * 4),
      macs: 1,
      bytes: 1,
    });
    const found = await chooseMembers(
      question({
        models: [noise(), noise(), noise()],
        labels: Uint8Array.from({ length: many }, (_, i) => i % 2),
      }),
      'learned-weights',
    );
    expect(found?.accuracy).toBeLessThan(0.6);
  });

  it('stacks within a budget, judged on images that the second level did not learn from', async () => {
    // The first says class 0 as soon as anything is there, the second is blind to it: only whoever learns what their
    // answers mean together is right. One more is noise, which a second level could learn by heart.
    const random = seededRandom(6);
    const many = 300;
    const classOf = (i: number): number => i % 3;
    const answering = (answer: (label: number) => number, macs: number): Choosable => ({
      logits: Float32Array.from({ length: many * 3 }, (_, i) =>
        i % 3 === answer(classOf(Math.floor(i / 3))) ? 4 : random(),
      ),
      macs,
      bytes: macs,
    });
    const [one, two] = [
      answering((label) => (label === 0 ? 1 : 0), 10),
      answering((label) => (label === 2 ? 0 : 2), 10),
    ];
    const noise = answering(() => Math.floor(random() * 3), 1);
    const asked = {
      models: [one, two, noise],
      labels: Uint8Array.from({ length: many }, (_, i) => classOf(i)),
      classes: 3,
    };
    const found = await chooseMembers(question(asked), 'stacking');
    expect(found).toMatchObject({ rule: 'stacking', way: 'stacking', accuracy: 1, cost: 20, members: [0, 1] });
    expect(found?.values).toMatchObject({ level: 'logistic' });
    expect((await chooseMembers(question(asked), 'mean-probabilities'))?.accuracy).toBeLessThan(0.7);
    const cheap = await chooseMembers(question({ ...asked, budget: { by: 'bytes', most: 5 } }), 'stacking');
    // By heart it would be right on every image; on those that it has not seen it guesses.
    expect(cheap).toMatchObject({ members: [2] });
    expect(cheap?.accuracy).toBeLessThan(0.45);
  });
});

describe('a cascade', () => {
  it('asks the cheap one first, at the threshold that is best', async () => {
    // The cheap one is right where it is sure and wrong where it is not; the dear one is always right.
    const cheap: Choosable = {
      logits: Float32Array.from([5, 0, 5, 0, 5, 0, 0, 0.5, 0, 5, 0, 5, 0, 5, 0.5, 0]),
      macs: 10,
      bytes: 1,
    };
    const dear = answering('00001111', 1000);
    const choice = await chooseMembers(question({ models: [dear, cheap] }), 'cascade');
    expect(choice).toMatchObject({ way: 'cascade', members: [1, 0], accuracy: 1 });
    // Two of eight images go on: 10 + 1000 / 4.
    expect(choice?.cost).toBe(260);
    const within = await chooseMembers(
      question({ models: [dear, cheap], budget: { by: 'macs', most: 200 } }),
      'cascade',
    );
    expect(within).toMatchObject({ accuracy: 0.75, cost: 10 });
  });
});
