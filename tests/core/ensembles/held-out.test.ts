/** A way that learns is judged by images that it did not learn from. */
import { describe, expect, it } from 'vitest';
import { heldOutAnswers, heldOutParts, heldOutScores } from '#core/ensembles/held-out';
import { ensembleById } from '#core/ensembles/index';
import { scoresOf } from '#core/ensembles/scores';
import { correctOf } from '#core/metrics/classification';
import { seededRandom } from '#core/numeric/random';
import { defaultsOf, type Values } from '#core/params';
import type { EnsemblePredictor, TreesPredictor } from '#core/predictor';

const CLASSES = 3;
const IMAGES = 300;
/** Members that know nothing: noise, and labels that follow from nothing. */
function noise() {
  const random = seededRandom(7);
  const logits = Array.from({ length: 4 }, () =>
    Float32Array.from({ length: IMAGES * CLASSES }, () => 12 * random() - 6),
  );
  return { logits, labels: Uint8Array.from({ length: IMAGES }, () => Math.floor(3 * random())), classes: CLASSES };
}
const accuracyOf = (scores: Float32Array, labels: Uint8Array): number =>
  correctOf(scores, labels, CLASSES).reduce((sum, one) => sum + one, 0) / labels.length;

describe('held-out scores', () => {
  it('divide the images into parts, each image in one, every class alike', () => {
    const parts = heldOutParts(noise(), seededRandom(1));
    expect(parts).toHaveLength(5);
    expect(parts.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: IMAGES }, (_, i) => i),
    );
    for (const { rows, outside, inside } of parts) {
      expect(rows.length).toBe(60);
      expect(outside.labels).toHaveLength(240);
      expect(inside[0]).toHaveLength(60 * CLASSES);
    }
  });

  it('show that a second level has learned accidents, which its own answers hide', async () => {
    const answers = noise();
    const way = ensembleById('stacking');
    const values = { ...(defaultsOf(way.params) as Values), penalty: 1e-6 };
    const state = await way.fit?.(answers, values, { random: seededRandom(1) });
    const own = accuracyOf(way.combine(answers.logits, CLASSES, values, state ?? {}).scores, answers.labels);
    const parts = heldOutParts(answers, seededRandom(1));
    const honest = accuracyOf(
      await heldOutScores('stacking', values, parts, { random: seededRandom(1) }),
      answers.labels,
    );
    // Guessing is right on a third.
    expect(own).toBeGreaterThan(0.45);
    expect(honest).toBeLessThan(0.42);
  });

  it('are the answers of a way that learns nothing', async () => {
    const answers = noise();
    const parts = heldOutParts(answers, seededRandom(1));
    const all = await heldOutScores('mean-logits', {}, parts, { random: seededRandom(1) });
    const { scores } = ensembleById('mean-logits').combine(answers.logits, CLASSES, {}, {});
    expect(all).toEqual(scores);
  });
});

describe('held-out answers', () => {
  const answers = noise();
  const leaves = answers.logits.map((_, m): TreesPredictor => {
    const forest = { kind: 'mean', trees: [], start: [] } as const;
    return { kind: 'trees', features: { kind: 'pixels' }, forest, classes: CLASSES, shape: [m] };
  });
  const ask = async (leaf: unknown) => answers.logits[leaves.indexOf(leaf as TreesPredictor)] as Float32Array;
  const question = { ask, labels: answers.labels, classes: CLASSES };
  const stack = (members: EnsemblePredictor['members']): EnsemblePredictor => ({
    kind: 'ensemble',
    way: 'stacking',
    values: { penalty: 1e-6 },
    members,
    state: {},
  });

  it('are the held-out scores of an ensemble', async () => {
    const parts = heldOutParts(answers, seededRandom(4));
    const scores = await heldOutScores('stacking', { penalty: 1e-6 }, parts, { random: seededRandom(4) });
    expect(await heldOutAnswers(stack(leaves), () => true, question, 4)).toEqual(scores);
  });

  it('hold out inside as well: of two levels that learn neither has seen the image', async () => {
    const inner = stack(leaves);
    const outer = stack([inner, leaves[0] as TreesPredictor]);
    const fair = accuracyOf(await heldOutAnswers(outer, () => true, question, 1), answers.labels);
    expect(fair).toBeLessThan(0.42);
    // Where only the outer one is held out, it trusts whoever knows the images by heart.
    const fitted = {
      ...inner,
      state: (await ensembleById('stacking').fit?.(answers, inner.values, { random: seededRandom(1) })) ?? {},
    };
    const leaky = await heldOutAnswers(
      { ...outer, members: [fitted, ...leaves.slice(0, 1)] },
      (one) => one !== fitted,
      question,
      1,
    );
    expect(accuracyOf(leaky, answers.labels)).toBeGreaterThan(fair + 0.04);
  });

  it('are its own where nothing was fitted to these images', async () => {
    const vote: EnsemblePredictor = { ...stack(leaves), way: 'majority-vote', values: {} };
    expect(await heldOutAnswers(vote, () => true, question, 1)).toEqual(await scoresOf(vote, ask, CLASSES));
  });
});
