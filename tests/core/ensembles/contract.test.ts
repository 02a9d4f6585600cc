/** Promises that every way of combining keeps. */
import { describe, expect, it } from 'vitest';
import type { Ensemble } from '#core/ensembles/ensemble';
import { ENSEMBLES, ensembleById } from '#core/ensembles/index';
import { answersIn } from '#core/ensembles/shared/answers';
import { seededRandom } from '#core/numeric/random';
import { logSoftmaxRows, softmaxRows } from '#core/numeric/softmax';
import { defaultsOf } from '#core/params';
import type { EnsembleState } from '#core/predictor';

const CLASSES = 4;
const IMAGES = 120;

/** A member that leans to the labels by `skill`. */
function member(labels: readonly number[], skill: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: labels.length * CLASSES }, (_, i) => {
    const isLabel = labels[Math.floor(i / CLASSES)] === i % CLASSES;
    return 3 * (random() - 0.5) + (isLabel ? skill : 0);
  });
}
const labelsOf = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: IMAGES }, () => Math.floor(random() * CLASSES));
};
const labels = labelsOf(1);
const members = [member(labels, 1, 2), member(labels, 2, 3), member(labels, 0.5, 4)];
const fit = async (way: Ensemble, logits: readonly Float32Array[]): Promise<EnsembleState> =>
  (await way.fit?.({ logits, labels, classes: CLASSES }, defaultsOf(way.params), { random: seededRandom(5) })) ?? {};
const values = (way: Ensemble) => defaultsOf(way.params);
const isPermuted = (way: Ensemble): boolean => way.kind === 'parallel' || way.id === 'boosting';

describe.each(ENSEMBLES.map((way) => [way.id, way] as const))('%s', (id, way) => {
  it('has words in both languages', () => {
    const { title, help, cost, pays, paper, order } = way.words;
    for (const words of [title, help, cost, pays, ...(order ? [order] : [])]) {
      expect(words.en.length).toBeGreaterThan(0);
      expect(words.zh).toMatch(/\p{Script=Han}/u);
    }
    expect(paper).toMatch(/\d{4}/);
    expect(ensembleById(id)).toBe(way);
  });

  it('gives finite scores whose softmax sums to 1, fitted or not, and plain data for its state', async () => {
    const state = await fit(way, members);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    for (const one of [state, {}]) {
      const { scores, used } = way.combine(members, CLASSES, values(way), one);
      expect(scores).toHaveLength(IMAGES * CLASSES);
      expect(scores.every(Number.isFinite)).toBe(true);
      for (let i = 0; i < IMAGES; i++) {
        const row = scores.subarray(i * CLASSES, (i + 1) * CLASSES);
        const sum = row.reduce((total, score) => total + Math.exp(score), 0);
        // Probabilities are log-probabilities already; votes lean on a nudge where they tie.
        expect(sum).toBeCloseTo(1, way.gives === 'probabilities' ? 5 : 4);
      }
      for (const own of used ?? []) expect(own.every((asked) => asked === 0 || asked === 1)).toBe(true);
      if (used) expect(used[0]?.every((asked) => asked === 1)).toBe(true);
    }
  });

  it('survives logits as large as they come', async () => {
    const huge = members.map((own) => own.map((z) => 300 * z));
    const { scores } = way.combine(huge, CLASSES, values(way), await fit(way, huge));
    expect(scores.every(Number.isFinite)).toBe(true);
  });

  it('leaves what it is given as it was', async () => {
    const copies = members.map((own) => own.slice());
    way.combine(members, CLASSES, values(way), await fit(way, members));
    expect(members).toEqual(copies);
  });

  it('fits the same state twice', async () => {
    expect(await fit(way, members)).toEqual(await fit(way, members));
  });

  if (way.members.least === 1)
    it('answers as its only member', async () => {
      const own = members[1] as Float32Array;
      const { scores } = way.combine([own], CLASSES, values(way), {});
      expect(answersIn(scores, CLASSES)).toEqual(answersIn(own, CLASSES));
      if (way.gives === 'scores') return;
      const alone = logSoftmaxRows(own, CLASSES);
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(alone[i] as number, 4);
    });

  if (isPermuted(way))
    it('does not mind the order of its members', async () => {
      const turned = [members[2], members[0], members[1]] as Float32Array[];
      const first = way.combine(members, CLASSES, values(way), await fit(way, members)).scores;
      const second = way.combine(turned, CLASSES, values(way), await fit(way, turned)).scores;
      for (const [i, score] of first.entries()) expect(score).toBeCloseTo(second[i] as number, 3);
    });

  it('weighs its members to 1, where it weighs them', async () => {
    const weights = way.weights?.(3, values(way), await fit(way, members)) ?? [1];
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(weights.every((weight) => weight >= 0)).toBe(true);
  });

  it('is better than its worst member on images it has not seen', async () => {
    const fresh = labelsOf(9);
    const others = [member(fresh, 1, 12), member(fresh, 2, 13), member(fresh, 0.5, 14)];
    const { scores } = way.combine(others, CLASSES, values(way), await fit(way, members));
    const right = (own: Float32Array) =>
      answersIn(own, CLASSES).reduce((sum, answer, i) => sum + (answer === fresh[i] ? 1 : 0), 0);
    expect(right(scores)).toBeGreaterThan(right(others[2] as Float32Array));
    expect(softmaxRows(scores, CLASSES).every((p) => p >= 0 && p <= 1)).toBe(true);
  });
});
