/**
 * Cascade: the first member answers; where it is not sure enough, the next is asked, and so on; the last always answers.
 * How sure a member is, is its largest probability after temperature scaling, fitted on validation images, so that one
 * threshold means the same to all. Papers: Viola and Jones 2001; for networks Teerapittayanon et al. 2016, Guo et al. 2017.
 */
import { defineEnsemble } from '#core/ensembles/ensemble';
import { cascadeStages } from '#core/ensembles/shared/cascading';
import { fitTemperature } from '#core/metrics/calibration';
import { logOf } from '#core/numeric/softmax';
import type { NumberParam } from '#core/params';
import type { EnsembleState } from '#core/predictor';

const THRESHOLD: NumberParam = {
  kind: 'number',
  min: 0,
  max: 1,
  step: 0.001,
  default: 0.9,
  unit: 'percent',
  live: true,
  label: { en: 'Sure enough', zh: '足够确信' },
  help: {
    en: 'A member answers when it gives its answer at least this probability, else the next is asked. At 0 the first always answers.',
    zh: '成员对自己的回答给出的概率达到此值时就由它回答，否则询问下一个。为 0 时总由第一个回答。',
  },
};

export const cascade = defineEnsemble({
  id: 'cascade',
  kind: 'serial',
  words: {
    title: { en: 'Cascade', zh: '级联' },
    help: {
      en: 'A small model answers when it is sure; only the other images go on to a larger one.',
      zh: '小模型在有把握时直接回答；只有其余图片才交给更大的模型。',
    },
    cost: {
      en: 'Parameters and file add up, but multiplications and time are means over the images: most stop at the small model.',
      zh: '参数和文件相加，但乘法次数和时间是对图片的平均：大多数图片在小模型处就结束。',
    },
    pays: {
      en: 'It pays where most images are easy: nearly the accuracy of the large model for little more than the work of the small one.',
      zh: '当大多数图片都较容易时值得用：以略多于小模型的计算量，达到接近大模型的准确率。',
    },
    paper: 'Viola, Jones 2001, Rapid Object Detection; Guo et al. 2017, On Calibration of Modern Neural Networks',
    order: { en: 'From the smallest to the largest.', zh: '从最小到最大。' },
  },
  params: { threshold: THRESHOLD },
  members: { least: 1 },
  gives: 'probabilities',
  formula: ({ threshold }) => {
    const sure = `max softmax(zₘ / Tₘ) ≥ ${threshold}`;
    return {
      en: `p = softmax(zₘ / Tₘ) of the first m with ${sure}, else of the last`,
      zh: `p = softmax(zₘ / Tₘ)，m 为第一个满足 ${sure} 的成员；若没有，则为最后一个`,
    };
  },
  fit: ({ logits, labels, classes }) => ({ temperatures: logits.map((own) => temperatureOf(own, labels, classes)) }),
  combine(logits, classes, { threshold }, state) {
    const { probabilities, used } = cascadeStages(logits, classes, threshold, temperaturesIn(state, logits.length));
    return { scores: logOf(probabilities), used };
  },
});

/** Temperatures do not depend on the threshold, and a slider moves it: they are fitted once for the same answers. */
const fitted = new WeakMap<Float32Array, { readonly labels: ArrayLike<number>; readonly temperature: number }>();

function temperatureOf(logits: Float32Array, labels: ArrayLike<number>, classes: number): number {
  const known = fitted.get(logits);
  if (known?.labels === labels) return known.temperature;
  const temperature = fitTemperature(logits, labels, classes);
  fitted.set(logits, { labels, temperature });
  return temperature;
}

/** The state's temperatures; 1 for members that it does not know. */
export function temperaturesIn({ temperatures }: EnsembleState, members: number): readonly number[] {
  return Array.from({ length: members }, (_, m) => {
    const own = Array.isArray(temperatures) ? (temperatures as readonly unknown[])[m] : 1;
    return typeof own === 'number' && own > 0 ? own : 1;
  });
}
