/** Members asked in turn: the same answer as if all had been asked, for less asking. */
import { describe, expect, it } from 'vitest';
import { combinedInTurn } from '#core/ensembles/in-turn';
import { ENSEMBLES } from '#core/ensembles/index';
import { seededRandom } from '#core/numeric/random';
import { defaultsOf } from '#core/params';
import type { EnsembleState } from '#core/predictor';

const CLASSES = 4;
const IMAGES = 40;

/** Logits of a member that is sure of some images and not of others. */
function logitsOf(seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: IMAGES * CLASSES }, () => 6 * (random() - 0.5));
}
const members = [1, 2, 3].map(logitsOf);
const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % CLASSES);

describe.each(ENSEMBLES)('$id', (way) => {
  const values = { ...defaultsOf(way.params), ...(way.id === 'cascade' ? { threshold: 0.7 } : {}) };
  it('answers as when everybody is asked about everything, and asks nobody in vain', async () => {
    const answers = { logits: members, labels, classes: CLASSES };
    // Labels have nothing to do with these answers, so temperatures fitted to them would make nobody sure.
    const fitted = way.id === 'cascade' ? {} : await way.fit?.(answers, values, { random: seededRandom(9) });
    const state = (fitted ?? {}) as EnsembleState;
    const whole = way.combine(members, CLASSES, values, state);
    const asked = members.map(() => 0);
    const sizes = { members: members.length, images: IMAGES, classes: CLASSES };
    const { scores } = await combinedInTurn(way, { values, state }, sizes, async (m, rows) => {
      expect(rows.length).toBeGreaterThan(0);
      asked[m] = (asked[m] as number) + rows.length;
      return Float32Array.from({ length: rows.length * CLASSES }, (_, i) => {
        const row = rows[Math.floor(i / CLASSES)] as number;
        return members[m]?.[row * CLASSES + (i % CLASSES)] as number;
      });
    });
    expect(scores).toEqual(whole.scores);
    const needed = members.map((_, m) => whole.used?.[m]?.reduce((sum, one) => sum + one, 0) ?? IMAGES);
    expect(asked).toEqual(needed);
    if (way.id === 'cascade') expect(asked[2]).toBeLessThan(IMAGES);
  });
});

it('an empty batch asks nobody', async () => {
  const cascade = ENSEMBLES.find(({ id }) => id === 'cascade') as (typeof ENSEMBLES)[number];
  const sizes = { members: 2, images: 0, classes: 3 };
  const { scores } = await combinedInTurn(cascade, { values: defaultsOf(cascade.params), state: {} }, sizes, () => {
    throw new Error('asked');
  });
  expect(scores).toHaveLength(0);
});
