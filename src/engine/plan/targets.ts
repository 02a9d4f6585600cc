/**
 * What a teacher's terms aim at. Where its images are known beforehand its answers are looked up; where it runs along, an
 * ensemble's members all do, and their softened probabilities are averaged here as `ensembles/scores` does it.
 */
import { teachingWeights } from '#core/ensembles/scores';
import type { Model } from '#core/model/model';
import type { EnsemblePredictor, Predictor } from '#core/predictor';
import type { SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';
import type { Asked } from '#engine/plan/answers';
import { type Builder, binary, scaled } from '#engine/plan/builder';
import type { FrozenNetwork } from '#engine/plan/teacher';

export interface Teaching {
  readonly batch: number;
  readonly classes: number;
  readonly answers: (asked: Asked) => SlotId;
  /** The networks that run along. */
  readonly live: ReadonlyMap<Model, FrozenNetwork>;
}

/** [batch, classes]: the teacher's probabilities, softened. */
export function softTargets(b: Builder, teacher: Predictor, temperature: number, teaching: Teaching): SlotId {
  const soften = (logits: SlotId): SlotId =>
    b.push({ kind: 'softmax', temperature }, [logits], [teaching.batch, teaching.classes]);
  const live = (one: Predictor): SlotId =>
    one.kind === 'ensemble' ? mean(b, one, live) : soften(liveLogits(one, teaching));
  return isLive(teacher, teaching) ? live(teacher) : soften(teaching.answers({ teacher, temperature }));
}

/** [batch, classes]: the teacher's logits; an ensemble's are the mean of its members'. */
export function logitTargets(b: Builder, teacher: Predictor, teaching: Teaching): SlotId {
  const live = (one: Predictor): SlotId => (one.kind === 'ensemble' ? mean(b, one, live) : liveLogits(one, teaching));
  return isLive(teacher, teaching) ? live(teacher) : teaching.answers({ teacher, temperature: null });
}

function isLive(teacher: Predictor, teaching: Teaching): boolean {
  if (teacher.kind === 'ensemble') return teacher.members.some((member) => isLive(member, teaching));
  return teacher.kind === 'model' && teaching.live.has(teacher.model);
}

function liveLogits(leaf: Exclude<Predictor, EnsemblePredictor>, { live }: Teaching): SlotId {
  const logits = leaf.kind === 'model' ? live.get(leaf.model)?.logits : undefined;
  if (logits !== undefined) return logits;
  throw new EngineError('plan', {
    en: 'Trees cannot teach on images that are new at every step. Turn augmentation and noise off, or choose another teacher.',
    zh: '树无法在每一步都变化的图片上当教师。请关闭增强和噪声，或选择其他教师。',
  });
}

function mean(b: Builder, ensemble: EnsemblePredictor, of: (member: Predictor) => SlotId): SlotId {
  const weights = teachingWeights(ensemble);
  const parts = ensemble.members.flatMap((member, m) => {
    const weight = weights[m] as number;
    return weight > 0 ? [scaled(b, of(member), weight)] : [];
  });
  return parts.reduce((sum, part) => binary(b, 'add', sum, part));
}
