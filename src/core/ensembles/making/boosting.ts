/**
 * SAMME boosting of small networks: each member is trained with every image weighted by how often those before it got it
 * wrong. A member's weight is ln((1 - e) / e) + ln(K - 1) with e its weighted training error; the images it gets wrong are
 * multiplied by exp(weight), and all are divided by their sum. It ends early when a member gets everything right, or
 * nothing better than guessing (e >= 1 - 1 / K), which is then left out.
 * Paper: Zhu, Zou, Rosset, Hastie 2009, "Multi-class AdaBoost".
 */
import { defineMaking } from '#core/ensembles/making/making';
import {
  asPredictor,
  countParam,
  MEMBERS,
  memberTraining,
  numbered,
  partOf,
  trainAfresh,
} from '#core/ensembles/making/shared';
import { answersIn } from '#core/ensembles/shared/answers';
import { sammeWeight } from '#core/ensembles/shared/samme';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { PassError } from '#core/pass';

export const boostingMembers = defineMaking({
  id: 'boosting',
  words: {
    title: { en: 'Boosting (SAMME)', zh: '提升（SAMME）' },
    help: {
      en: 'Trains small networks one after another, each on images weighted by what those before it got wrong.',
      zh: '依次训练小网络，每个都对前面答错的图片给予更大权重。',
    },
    cost: { en: 'One short training for each member.', zh: '每个成员一次短训练。' },
    pays: {
      en: 'It pays with weak members: a tiny network, an epoch each. A strong network is right on nearly all training images and leaves nothing to boost.',
      zh: '适合弱成员：很小的网络，每个只训练一轮。强网络几乎答对所有训练图片，没有可提升之处。',
    },
    paper: 'Zhu, Zou, Rosset, Hastie 2009, Multi-class AdaBoost',
    models: { en: 'The network whose structure every member has.', zh: '所有成员采用该网络的结构。' },
  },
  params: { members: countParam(5, MEMBERS), ...memberTraining(1, 0.002) },
  models: { least: 1, most: 1 },

  async make([model], values, context) {
    const labels = context.labels('train');
    const members: Model[] = [];
    const weights: number[] = [];
    const errors: number[] = [];
    const notes: Words[] = [];
    let shares = new Float64Array(labels.length).fill(1 / labels.length);
    for (let m = 0; m < values.members; m++) {
      const sampleWeights = Float32Array.from(shares, (share) => share * labels.length);
      const part = partOf(context, m, values.members);
      const member = await trainAfresh(model as Model, values, part, { sampleWeights });
      const answers = answersIn(await context.answers(asPredictor(member), 'train'), context.classes);
      const step = sammeStep(shares, answers, labels, context.classes);
      if (step.kind === 'guessing') {
        notes.push(guessed(m + 1));
        break;
      }
      members.push(member);
      weights.push(step.weight);
      errors.push(step.error);
      if (step.kind === 'perfect') {
        notes.push(knewAll(m + 1));
        break;
      }
      shares = step.shares;
    }
    if (members.length === 0) throw new PassError(NOTHING);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return {
      members: members.map(asPredictor),
      names: numbered(members.length, 'Boosted', '提升成员'),
      combined: { way: 'boosting', values: {}, state: { weights: weights.map((weight) => weight / sum), errors } },
      report: { notes },
    };
  },
  isAfresh: () => true,
});

export type SammeStep =
  | { readonly kind: 'guessing'; readonly error: number }
  | { readonly kind: 'perfect'; readonly error: number; readonly weight: number }
  | {
      readonly kind: 'goes on';
      readonly error: number;
      readonly weight: number;
      readonly shares: Float64Array<ArrayBuffer>;
    };

/** One round's arithmetic. `shares` sum to 1; a perfect member weighs as if it had half an image wrong. */
export function sammeStep(
  shares: Float64Array,
  answers: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): SammeStep {
  let error = 0;
  for (let i = 0; i < shares.length; i++) if (answers[i] !== labels[i]) error += shares[i] as number;
  // A sum of shares can miss the border by its rounding.
  if (error >= 1 - 1 / classes - 1e-9) return { kind: 'guessing', error };
  if (error === 0) return { kind: 'perfect', error, weight: sammeWeight(0.5 / shares.length, classes) };
  const weight = sammeWeight(error, classes);
  const next = Float64Array.from(shares, (share, i) => (answers[i] === labels[i] ? share : share * Math.exp(weight)));
  const sum = next.reduce((total, share) => total + share, 0);
  return { kind: 'goes on', error, weight, shares: next.map((share) => share / sum) };
}

const guessed = (member: number): Words => ({
  en: `Member ${member} was no better than guessing on what the others got wrong, so it was left out and boosting ended.`,
  zh: `第 ${member} 个成员在其他成员答错的图片上不比猜测好，因此没有保留，提升到此结束。`,
});
const knewAll = (member: number): Words => ({
  en: `Member ${member} got every training image right, so nothing was left to boost. A smaller network would boost better.`,
  zh: `第 ${member} 个成员答对了所有训练图片，没有可提升的了。换更小的网络效果会更好。`,
});
const NOTHING: Words = {
  en: 'The first member was no better than guessing. Give it more epochs or a higher learning rate.',
  zh: '第一个成员不比猜测好。请增加轮数或提高学习率。',
};
