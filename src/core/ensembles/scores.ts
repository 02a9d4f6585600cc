/**
 * What a predictor answers, from what its parts answer: ensembles of any depth. The parts (models, trees) are somebody
 * else's to run; each is asked once, however often it occurs.
 */
import { ensembleById } from '#core/ensembles/index';
import { alike, meanLogits, meanProbabilities } from '#core/ensembles/shared/averages';
import { logOf } from '#core/numeric/softmax';
import { clampValues } from '#core/params';
import type { EnsemblePredictor, ModelPredictor, Predictor, TreesPredictor } from '#core/predictor';

/** Something that answers by itself: [images, classes] of logits (models) or log-probabilities (trees). */
export type Leaf = ModelPredictor | TreesPredictor;
export type AskLeaf = (leaf: Leaf) => Promise<Float32Array>;

/** A predictor's [images, classes]: a model's logits, else log-probabilities or scores; the largest is the answer. */
export async function scoresOf(predictor: Predictor, ask: AskLeaf, classes: number): Promise<Float32Array> {
  return (await answered(predictor, once(ask), classes)).scores;
}

/** The scores, and by member whether each image needed it ([images], 1 or 0). */
export async function scoresAndUse(
  predictor: EnsemblePredictor,
  ask: AskLeaf,
  classes: number,
): Promise<{ readonly scores: Float32Array; readonly used: readonly Float32Array[] }> {
  const { scores, used, images } = await answered(predictor, once(ask), classes);
  return { scores, used: used ?? predictor.members.map(() => new Float32Array(images).fill(1)) };
}

async function answered(
  predictor: Predictor,
  ask: AskLeaf,
  classes: number,
): Promise<{ scores: Float32Array; used?: readonly Float32Array[] | undefined; images: number }> {
  if (predictor.kind !== 'ensemble') {
    const scores = await ask(predictor);
    return { scores, images: scores.length / classes };
  }
  const logits: Float32Array[] = [];
  for (const member of predictor.members) logits.push((await answered(member, ask, classes)).scores);
  const way = ensembleById(predictor.way);
  const { scores, used } = way.combine(logits, classes, clampValues(way.params, predictor.values), predictor.state);
  return { scores, used, images: scores.length / classes };
}

/**
 * What a teacher gives whose softmax(· / temperature) are its softened answers. A model: its logits. An ensemble:
 * temperature * log of the weighted mean of its members' softened probabilities (Hinton 2015). Trees: log-probabilities.
 */
export async function softScoresOf(
  teacher: Predictor,
  temperature: number,
  ask: AskLeaf,
  classes: number,
): Promise<Float32Array> {
  const asked = once(ask);
  const soft = async (one: Predictor): Promise<Float32Array> => {
    if (one.kind !== 'ensemble') return asked(one);
    const members: Float32Array[] = [];
    for (const member of one.members) members.push(await soft(member));
    return logOf(meanProbabilities(members, classes, teachingWeights(one), temperature)).map(
      (log) => log * temperature,
    );
  };
  return soft(teacher);
}

/** What a teacher gives where logits are to be met: a model's logits, an ensemble's weighted mean of them. */
export async function meanLogitsOf(teacher: Predictor, ask: AskLeaf): Promise<Float32Array> {
  if (teacher.kind !== 'ensemble') return ask(teacher);
  const members: Float32Array[] = [];
  for (const member of teacher.members) members.push(await meanLogitsOf(member, ask));
  return Float32Array.from(meanLogits(members, teachingWeights(teacher)));
}

/** How much each member counts when an ensemble teaches, summing to 1: the way's own weights where it has them. */
export function teachingWeights({ way: id, values, members, state }: EnsemblePredictor): readonly number[] {
  const way = ensembleById(id);
  return way.weights?.(members.length, clampValues(way.params, values), state) ?? alike(members.length);
}

function once(ask: AskLeaf): AskLeaf {
  const known = new Map<object, Promise<Float32Array>>();
  return (leaf) => {
    const key = leaf.kind === 'model' ? leaf.model : leaf;
    const held = known.get(key) ?? ask(leaf);
    known.set(key, held);
    return held;
  };
}
