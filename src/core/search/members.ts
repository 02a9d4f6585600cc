/**
 * Which models to combine, and how, within a budget: members are added one at a time, each time the one that helps most
 * on validation images, and the best of all ensembles on the way is taken (forward selection with replacement: a model
 * that is added twice counts double). Ways that learn from answers learn on one half of the images and are judged on the
 * other. A cascade's members are tried in pairs first, from the smaller to the larger, and at every threshold.
 * Paper: Caruana, Niculescu-Mizil, Crew, Ksikes 2004, "Ensemble Selection from Libraries of Models".
 */
import { ensembleById } from '#core/ensembles/index';
import { cascadeCurve } from '#core/ensembles/shared/cascading';
import { fitTemperature } from '#core/metrics/calibration';
import { stratifiedFolds } from '#core/numeric/folds';
import { clampValues, type Values } from '#core/params';

/** 'selected-weights': the mean of probabilities, each model as often as it was added. The others are ways of combining. */
export type RuleId =
  | 'selected-weights'
  | 'mean-probabilities'
  | 'mean-logits'
  | 'accuracy-weights'
  | 'learned-weights'
  | 'stacking'
  | 'majority-vote'
  | 'cascade';

/** What all members together may cost: MACs of an image (a cascade's are a mean), or bytes of their files. */
export interface ChoiceBudget {
  readonly by: 'macs' | 'bytes';
  readonly most: number;
}
/** A model that can be chosen. */
export interface Choosable {
  /** [images, classes] on validation. */
  readonly logits: Float32Array;
  readonly macs: number;
  readonly bytes: number;
}
export interface ChoiceQuestion {
  readonly models: readonly Choosable[];
  /** [images]: class indices. */
  readonly labels: Uint8Array;
  readonly classes: number;
  readonly budget: ChoiceBudget | null;
  /** Uniform in [0, 1): divides the images into halves. */
  readonly random: () => number;
  /** Lets what waits go first. */
  readonly pause: () => Promise<void>;
}

/** One more member: what the ensemble came to with it. */
export interface ChoiceStep {
  /** Index of the model that was added. */
  readonly added: number;
  /** 0 to 1, on validation. */
  readonly accuracy: number;
  /** In the budget's unit; MACs without one. */
  readonly cost: number;
}
export interface Choice {
  readonly rule: RuleId;
  /** Way of combining and its values. */
  readonly way: string;
  readonly values: Values;
  /** Indices of the models, each once, in the way's order. */
  readonly members: readonly number[];
  readonly accuracy: number;
  readonly cost: number;
  /** How it grew, up to where it was best. */
  readonly steps: readonly ChoiceStep[];
}

/** Members that hand-set weights can name. A second level takes seconds to fit: it grows as long as that helps. */
const MOST = 12;
/** Models added in all, with repetition. */
const MOST_ADDED = 25;
/** From 0 to 1, denser near 1, as the cascade's slider has them. */
const THRESHOLDS = [
  ...new Set(Array.from({ length: 101 }, (_, i) => Math.round(1000 * (1 - (1 - i / 100) ** 3)) / 1000)),
];

/** The best ensemble under one rule; null where the budget allows none. */
export async function chooseMembers(question: ChoiceQuestion, rule: RuleId): Promise<Choice | null> {
  if (rule === 'cascade') return chooseCascade(question);
  const { models } = question;
  const isWeighted = rule === 'selected-weights';
  const way = isWeighted ? 'hand-weights' : rule;
  const halves = isWeighted || !ensembleById(way).fit ? null : halvesOf(question);
  let counts: readonly number[] = models.map(() => 0);
  const steps: ChoiceStep[] = [];
  let best: { readonly choice: Choice; readonly loss: number } | null = null;
  for (let added = 0; added < (isWeighted ? MOST_ADDED : MOST); added++) {
    const tried: { model: number; counts: readonly number[]; accuracy: number; loss: number; cost: number }[] = [];
    for (const model of models.keys()) {
      if (!isWeighted && counts[model]) continue;
      const next = counts.map((count, i) => count + (i === model ? 1 : 0));
      const cost = costOf(question, next);
      if (cost > (question.budget?.most ?? Number.POSITIVE_INFINITY) || membersIn(next).length > MOST) continue;
      await question.pause();
      tried.push({ model, counts: next, cost, ...(await judged(question, way, next, halves)) });
    }
    const [winner] = tried.sort((a, b) => b.accuracy - a.accuracy || a.loss - b.loss || a.cost - b.cost);
    if (!winner) break;
    counts = winner.counts;
    steps.push({ added: winner.model, accuracy: winner.accuracy, cost: winner.cost });
    const isBetter =
      !best ||
      winner.accuracy > best.choice.accuracy ||
      (winner.accuracy === best.choice.accuracy && winner.cost <= best.choice.cost && winner.loss < best.loss);
    if (!isBetter && rule === 'stacking') break;
    if (!isBetter) continue;
    const values = valuesOf(way, counts);
    const { accuracy, cost, loss } = winner;
    best = { choice: { rule, way, values, members: membersIn(counts), accuracy, cost, steps: [...steps] }, loss };
  }
  return best?.choice ?? null;
}

/** The best model alone within the budget; null where there is none. */
export function bestSingle(question: ChoiceQuestion): { member: number; accuracy: number; cost: number } | null {
  const { models, labels, classes, budget } = question;
  const all = models.flatMap(({ logits }, member) => {
    const cost = costOf(
      question,
      models.map((_, i) => (i === member ? 1 : 0)),
    );
    return cost <= (budget?.most ?? Number.POSITIVE_INFINITY)
      ? [{ member, accuracy: measured(logits, labels, classes).accuracy, cost }]
      : [];
  });
  return all.sort((a, b) => b.accuracy - a.accuracy || a.cost - b.cost)[0] ?? null;
}

const membersIn = (counts: readonly number[]): readonly number[] =>
  [...counts.keys()].filter((model) => (counts[model] as number) > 0);

/** A model that was added twice is stored and run once. */
function costOf({ models, budget }: Pick<ChoiceQuestion, 'models' | 'budget'>, counts: readonly number[]): number {
  return membersIn(counts).reduce((sum, model) => sum + (models[model]?.[budget?.by ?? 'macs'] as number), 0);
}

/** The way's values: for weights by hand, each member's count beside the largest. */
function valuesOf(way: string, counts: readonly number[]): Values {
  const { params } = ensembleById(way);
  if (way !== 'hand-weights') return clampValues(params, {}) as Values;
  const members = membersIn(counts);
  const most = Math.max(...counts);
  const weights = members.map((model, i) => [`weight${i + 1}`, (counts[model] as number) / most] as const);
  return clampValues(params, Object.fromEntries(weights)) as Values;
}

type Half = { readonly logits: readonly Float32Array[]; readonly labels: Uint8Array };

/** Every model's answers to one half of the images and to the other, every class alike. */
function halvesOf({ models, labels, classes, random }: ChoiceQuestion): readonly [Half, Half] {
  const halfOf = stratifiedFolds(labels, 2, random);
  const half = (which: number): Half => {
    const rows = [...halfOf.keys()].filter((row) => halfOf[row] === which);
    return {
      labels: Uint8Array.from(rows, (row) => labels[row] as number),
      logits: models.map(({ logits }) => {
        const own = new Float32Array(rows.length * classes);
        for (const [i, row] of rows.entries())
          own.set(logits.subarray(row * classes, (row + 1) * classes), i * classes);
        return own;
      }),
    };
  };
  return [half(0), half(1)];
}

/** Accuracy and log loss of the members combined; of a way that learns, on the half that it did not learn from. */
async function judged(
  question: ChoiceQuestion,
  id: string,
  counts: readonly number[],
  halves: readonly [Half, Half] | null,
): Promise<{ accuracy: number; loss: number }> {
  const { models, labels, classes, random } = question;
  const way = ensembleById(id);
  const values = valuesOf(id, counts);
  const members = membersIn(counts);
  if (!halves || !way.fit) {
    const logits = members.map((model) => (models[model] as Choosable).logits);
    return measured(way.combine(logits, classes, values, {}).scores, labels, classes);
  }
  let [right, loss] = [0, 0];
  for (const [learns, judges] of [halves, [halves[1], halves[0]]] as const) {
    const logitsOf = (half: Half): Float32Array[] => members.map((model) => half.logits[model] as Float32Array);
    const state = await way.fit({ logits: logitsOf(learns), labels: learns.labels, classes }, values, { random });
    const { scores } = way.combine(logitsOf(judges), classes, values, state);
    const found = measured(scores, judges.labels, classes);
    right += found.accuracy * judges.labels.length;
    loss += found.loss * judges.labels.length;
  }
  return { accuracy: right / labels.length, loss: loss / labels.length };
}

/** The lowest of equal scores is the answer. */
function measured(scores: Float32Array, labels: Uint8Array, classes: number): { accuracy: number; loss: number } {
  let [right, loss] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if ((row[c] as number) > (row[best] as number)) best = c;
    const top = row[best] as number;
    const label = labels[i] as number;
    if (best === label) right++;
    loss += Math.log(row.reduce((sum, z) => sum + Math.exp(z - top), 0)) + top - (row[label] as number);
  }
  const images = Math.max(1, labels.length);
  return { accuracy: right / images, loss: loss / images };
}

/** Pairs of every smaller with every larger model, then more members as long as they help. */
async function chooseCascade(question: ChoiceQuestion): Promise<Choice | null> {
  const { models, labels, classes, budget } = question;
  const bySize = [...models.keys()].sort((a, b) => (models[a]?.macs ?? 0) - (models[b]?.macs ?? 0) || a - b);
  const temperatures: number[] = [];
  for (const { logits } of models) {
    await question.pause();
    temperatures.push(fitTemperature(logits, labels, classes));
  }
  type Tried = { members: readonly number[]; accuracy: number; cost: number; threshold: number };
  const attempt = async (chosen: readonly number[]): Promise<Tried | null> => {
    await question.pause();
    const members = bySize.filter((model) => chosen.includes(model));
    const of = members.map((model) => models[model] as Choosable);
    const bytes = of.reduce((sum, model) => sum + model.bytes, 0);
    const points = cascadeCurve(
      of.map(({ logits }) => logits),
      labels,
      classes,
      of.map(({ macs }) => macs),
      members.map((model) => temperatures[model] as number),
      THRESHOLDS,
    );
    const fitting = points
      .map(({ threshold, accuracy, meanMacs }) => ({
        members,
        accuracy,
        cost: budget?.by === 'bytes' ? bytes : meanMacs,
        threshold,
      }))
      .filter(({ cost }) => cost <= (budget?.most ?? Number.POSITIVE_INFINITY));
    return fitting.reduce<Tried | null>((best, one) => better(best, one), null);
  };
  const better = (best: Tried | null, one: Tried | null): Tried | null =>
    !best || (one && (one.accuracy > best.accuracy || (one.accuracy === best.accuracy && one.cost < best.cost)))
      ? one
      : best;
  let best: Tried | null = null;
  for (const [i, small] of bySize.entries())
    for (const large of bySize.slice(i + 1)) best = better(best, await attempt([small, large]));
  const steps: ChoiceStep[] = [];
  while (best && best.members.length < MOST) {
    const { members, accuracy, cost } = best;
    steps.push({ added: members.at(-1) as number, accuracy, cost });
    let next: Tried | null = best;
    for (const model of bySize) if (!members.includes(model)) next = better(next, await attempt([...members, model]));
    if (next === best) break;
    best = next;
  }
  if (!best) return null;
  const { members, accuracy, cost, threshold } = best;
  const values = clampValues(ensembleById('cascade').params, { threshold }) as Values;
  return { rule: 'cascade', way: 'cascade', values, members, accuracy, cost, steps };
}
