/**
 * Everything that is said of a classifier on one set of images, from what it answered to them: accuracy, which class was
 * taken for which, scores of the classes, curves, calibration before and after temperature scaling. The temperature is
 * fitted on other answers, those on validation; nothing here runs a model.
 */
import { fitTemperature, type Reliability, reliabilityOf } from '#core/metrics/calibration';
import { type ClassScores, classScores } from '#core/metrics/class-scores';
import { answersOf, confusionMatrix, logLoss } from '#core/metrics/classification';
import { rocOf, thinned } from '#core/metrics/roc';
import { topK } from '#core/metrics/top-k';
import { type Estimate, wilson } from '#core/numeric/intervals';
import { softmaxRows } from '#core/numeric/softmax';

/** What a predictor answered, [images, classes], and what was right. */
export interface Answered {
  readonly logits: Float32Array;
  readonly labels: Uint8Array;
}
/** How far confidence can be trusted. */
export interface Confidence extends Reliability {
  /** Mean of -log p(label), in nats. */
  readonly logLoss: number;
}
export interface Examination {
  readonly images: number;
  /** Share that is right, with Wilson's interval. */
  readonly accuracy: Estimate;
  /** Images whose answer is no number; they count as wrong and are in no cell of the table. */
  readonly unanswered: number;
  /** By label, then by answer: counts. */
  readonly confusion: readonly (readonly number[])[];
  readonly scores: ClassScores;
  /** One against rest, for each class that has images; at most `CURVE_POINTS` points [false, true positives] each. */
  readonly roc: {
    readonly classes: readonly {
      readonly class: number;
      readonly auc: number;
      readonly points: readonly (readonly [number, number])[];
    }[];
    /** The mean of the areas; null where there is no curve. */
    readonly macro: number | null;
  };
  /** Share whose label is among the first k answers, for the k that are fewer than the classes. */
  readonly topK: readonly { readonly k: number; readonly accuracy: Estimate }[];
  readonly confidence: Confidence;
  /** The same with the logits divided by `value`, the temperature that is best on validation. */
  readonly scaled: Confidence & { readonly value: number };
}

const CURVE_POINTS = 200;
const FIRST = [1, 2, 3, 5];

/** `validation`: what the same predictor answered to the validation images (the same object where those are examined). */
export function examined(given: Answered, validation: Answered, classes: number): Examination {
  const { labels } = given;
  const images = labels.length;
  const { logits, sound } = soundRows(given.logits, classes);
  const answers = answersOf(logits, classes);
  const known = Array.from(sound.keys()).filter((i) => sound[i]);
  const counts = confusionMatrix(
    known.map((i) => answers[i] as number),
    known.map((i) => labels[i] as number),
    classes,
  );
  const right = known.reduce((sum, i) => sum + (answers[i] === labels[i] ? 1 : 0), 0);
  const probabilities = softmaxRows(logits, classes);
  const roc = rocOf(probabilities, labels, classes);
  const value = fitTemperature(soundRows(validation.logits, classes).logits, validation.labels, classes);
  return {
    images,
    accuracy: wilson(right, images),
    unanswered: images - known.length,
    confusion: rowsOf(counts, classes),
    scores: classScores(counts, classes),
    roc: {
      classes: roc.classes.map(({ class: index, auc, points }) => ({
        class: index,
        auc,
        points: thinned(points, CURVE_POINTS),
      })),
      macro: roc.classes.length > 0 ? roc.macro : null,
    },
    topK: FIRST.filter((k) => k < classes).map((k) => ({
      k,
      accuracy: k === 1 ? wilson(right, images) : wilson(Math.round(topK(logits, labels, classes, k) * images), images),
    })),
    confidence: confidenceOf(logits, labels, classes, probabilities),
    scaled: {
      value,
      ...confidenceOf(
        logits.map((z) => z / value),
        labels,
        classes,
      ),
    },
  };
}

function confidenceOf(
  logits: Float32Array,
  labels: Uint8Array,
  classes: number,
  probabilities = softmaxRows(logits, classes),
): Confidence {
  return { ...reliabilityOf(probabilities, labels, classes), logLoss: logLoss(logits, labels, classes) };
}

/** Rows with a value that is no number say nothing: they become 0, alike for every class, and are marked 0. */
export function soundRows(logits: Float32Array, classes: number): { logits: Float32Array; sound: Uint8Array } {
  const sound = new Uint8Array(logits.length / classes).fill(1);
  for (let at = 0; at < logits.length; at++) {
    const z = logits[at] as number;
    if (Number.isNaN(z) || z === Number.POSITIVE_INFINITY) sound[Math.floor(at / classes)] = 0;
  }
  if (!sound.includes(0)) return { logits, sound };
  return { logits: logits.map((z, at) => (sound[Math.floor(at / classes)] ? z : 0)), sound };
}

function rowsOf(counts: Uint32Array, classes: number): number[][] {
  return Array.from({ length: classes }, (_, label) =>
    Array.from(counts.subarray(label * classes, (label + 1) * classes)),
  );
}
