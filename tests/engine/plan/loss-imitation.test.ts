/** Terms that imitate a teacher: their losses on numbers worked by hand, their gradients by finite differences. */
import { describe, expect, it } from 'vitest';
import type { Model } from '#core/model/model';
import type { LossTerm } from '#core/objective';
import type { Predictor } from '#core/predictor';
import type { SlotId } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { EngineError } from '#engine/errors';
import { trainingPlan } from '#engine/plan';
import { type Builder, makeBuilder } from '#engine/plan/builder';
import { attentionSteps, hintSteps, logitErrorSteps, type TermSteps } from '#engine/plan/loss-imitation';
import { BATCH, checkGradients, conv, finish, movedSlots, objectiveOf, sketch } from './sketch';

const names = { studentLayer: 'a', teacherLayer: 'b' };

/** What the steps give: each image's loss, and the gradients in their order. */
async function run(write: (b: Builder) => TermSteps): Promise<{ loss: number[]; gradients: number[][] }> {
  const b = makeBuilder();
  const { loss, gradients, extra } = write(b);
  const slots: SlotId[] = [loss, ...gradients.map(([, slot]) => slot), ...extra.map(([, slot]) => slot)];
  for (const slot of slots) b.keep(slot);
  const program = await (await makeCpuBackend()).compile(b.build());
  for (const { slot, data } of b.writes) program.write(slot, data);
  program.run();
  const [first, ...rest] = await Promise.all(slots.map((slot) => program.read(slot)));
  program.dispose();
  return { loss: [...(first as Float32Array)], gradients: rest.map((one) => [...one]) };
}
const near = (actual: readonly number[] | undefined, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, one] of expected.entries()) expect(actual?.[i]).toBeCloseTo(one, 5);
};

describe('by hand', () => {
  it('the squared error of logits is a mean over the classes', async () => {
    const { loss, gradients } = await run((b) =>
      logitErrorSteps(
        b,
        b.persistent([2, 3], Float32Array.of(1, 2, 3, 0, 0, 0)),
        b.persistent([2, 3], Float32Array.of(1, 0, 0, 3, 0, -3)),
        { factor: 0.5, counts: b.persistent([2], Float32Array.of(1, 2)) },
      ),
    );
    near(loss, [(4 + 9) / 3, 18 / 3]);
    // 0.5 * counts * 2 / 3 * (student - teacher).
    near(gradients[0], [0, 2 / 3, 1, -2, 0, 2]);
  });

  it('a hint goes through a regressor, which learns too', async () => {
    let k = 0;
    const { loss, gradients } = await run((b) => {
      const student = b.persistent([1, 1, 2, 1], Float32Array.of(2, -1));
      const teacher = b.persistent([1, 1, 2, 1], Float32Array.of(1, 1));
      const steps = hintSteps(
        b,
        student,
        teacher,
        { factor: 1, counts: b.persistent([1], Float32Array.of(1)) },
        names,
        7,
      );
      k = b.writes.find(({ slot }) => slot === steps.extra[0]?.[0])?.data[0] as number;
      return steps;
    });
    expect(Math.abs(k)).toBeGreaterThan(0.01);
    const [e, f] = [2 * k - 1, -k - 1];
    near(loss, [(e * e + f * f) / 2]);
    near(gradients[0], [e * k, f * k]);
    near(gradients[1], [2 * e - f]);
    near(gradients[2], [e + f]);
  });

  it('attention compares directions of maps', async () => {
    // Student: q = (9, 16), length sqrt(337). Teacher: two channels, q = (2, 0), so its direction is (1, 0).
    const { loss, gradients } = await run((b) =>
      attentionSteps(
        b,
        b.persistent([2, 1, 2, 1], Float32Array.of(3, 4, 0, 0)),
        b.persistent([2, 1, 2, 2], Float32Array.of(1, 1, 0, 0, 1, 1, 0, 0)),
        { factor: 1, counts: b.persistent([2], Float32Array.of(1, 1)) },
        names,
      ),
    );
    const length = Math.sqrt(337);
    // The second image's map is all 0: no direction, distance 1 from the teacher's, and nothing pulls.
    near(loss, [2 - 18 / length, 1]);
    // d/dq of -2 q1 / |q| is -2 (1 - u1^2, -u1 u2) / |q|; times 2 a.
    near(gradients[0], [(-12 * (1 - 81 / 337)) / length, (16 * (144 / 337)) / length, 0, 0]);
  });

  it('attention does not see how strong a map is, nor its sign', async () => {
    const { loss } = await run((b) =>
      attentionSteps(
        b,
        b.persistent([1, 2, 1, 1], Float32Array.of(-2, 3)),
        b.persistent([1, 2, 1, 1], Float32Array.of(20, 30)),
        { factor: 1, counts: b.persistent([1], Float32Array.of(1)) },
        names,
      ),
    );
    near(loss, [0]);
  });
});

/** Two convolutions of different widths, the second with a stride or not. */
function network(widths: readonly [number, number], stride: number, seedless = 'tanh' as const): Model {
  const s = sketch([6, 6, 2]);
  conv(s, 'a', 'in', 2, widths[0], { activation: { fn: seedless } });
  conv(s, 'b', 'a', widths[0], widths[1], { strides: [stride, stride] });
  return finish(s, 'b', widths[1] * (6 / stride) ** 2);
}
const labels: LossTerm = { kind: 'crossEntropy', weight: 0.5 };
const teacher: Predictor = { kind: 'model', model: network([3, 4], 1) };

describe('by finite differences, through the whole student', () => {
  const terms: Readonly<Record<string, readonly LossTerm[]>> = {
    'squared error of logits': [labels, { kind: 'logitError', weight: 0.7, teacher }],
    'a hint between images of one size': [
      labels,
      { kind: 'hint', weight: 2, teacher, teacherLayer: 'a', studentLayer: 'a' },
    ],
    'a hint alone, to a vector': [{ kind: 'hint', weight: 1, teacher, teacherLayer: 'flat', studentLayer: 'b' }],
    'attention at two places': [
      labels,
      {
        kind: 'attention',
        weight: 3,
        teacher,
        pairs: [
          { teacherLayer: 'a', studentLayer: 'a' },
          { teacherLayer: 'b', studentLayer: 'a' },
        ],
      },
    ],
    'all at once, one layer looked at twice': [
      labels,
      { kind: 'distillation', weight: 0.5, temperature: 2, teacher },
      { kind: 'logitError', weight: 0.1, teacher },
      { kind: 'hint', weight: 0.5, teacher, teacherLayer: 'b', studentLayer: 'a' },
      { kind: 'attention', weight: 1, teacher, pairs: [{ teacherLayer: 'b', studentLayer: 'a' }] },
    ],
  };
  for (const [name, loss] of Object.entries(terms)) {
    it(name, async () => {
      expect(await checkGradients(objectiveOf(network([2, 2], 2), loss))).toBeGreaterThan(9);
    });
  }

  it('a hint to a smaller image convolves it down', async () => {
    const small: Predictor = { kind: 'model', model: network([3, 4], 2) };
    const loss: LossTerm[] = [{ kind: 'hint', weight: 1, teacher: small, teacherLayer: 'b', studentLayer: 'a' }];
    const plan = trainingPlan(objectiveOf(network([2, 2], 1), loss), BATCH);
    const shapes = movedSlots(plan).map((slot) => plan.plan.slots[slot]?.shape);
    // 6 - 3 + 1 = 4; what comes after the student's layer is not reached and stays.
    expect(shapes).toEqual([[3, 3, 2, 2], [2], [4, 4, 2, 4], [4]]);
    expect(plan.trained).toHaveLength(6);
    expect(await checkGradients(objectiveOf(network([2, 2], 1), loss))).toBe(20);
  });
});

describe('what cannot be compared is refused, in both languages', () => {
  const refused = (loss: LossTerm): EngineError => {
    try {
      trainingPlan(objectiveOf(network([2, 2], 2), [loss]), BATCH);
    } catch (error) {
      if (error instanceof EngineError) return error;
    }
    throw new Error('nothing was refused');
  };

  it('a hint from a smaller image', () => {
    const { words } = refused({ kind: 'hint', weight: 1, teacher, teacherLayer: 'b', studentLayer: 'b' });
    expect(words.en).toContain('smaller image');
    expect(words.zh).toContain('学生的层 b');
  });

  it('attention to images of another size, and to vectors', () => {
    const attention = (teacherLayer: string, studentLayer: string) =>
      refused({ kind: 'attention', weight: 1, teacher, pairs: [{ teacherLayer, studentLayer }] }).words;
    expect(attention('b', 'b').en).toContain('same height and width');
    expect(attention('flat', 'flat').zh).toContain('高和宽');
  });
});
