/**
 * Stacking: a second model learns from the members' probabilities which of them to believe for which class. It has to be
 * fitted on answers to images that the members were not trained on: on validation images, or on out-of-fold answers
 * (`making/out-of-fold`), else it learns to trust whoever knows its training images by heart.
 * Papers: Wolpert 1992; Ting and Witten 1999 (probabilities, and a linear second level).
 */
import { defineEnsemble } from '#core/ensembles/ensemble';
import { alike, averaged } from '#core/ensembles/shared/averages';
import { fitSecondLevel, type SecondLevel, secondLevelLogits } from '#core/ensembles/shared/second-level';
import { ALL_RUN } from '#core/ensembles/shared/words';
import { lines } from '#core/formula';
import { logSoftmaxRows, softmaxRows } from '#core/numeric/softmax';
import type { ChoiceParam, NumberParam } from '#core/params';
import type { EnsembleState } from '#core/predictor';

const LEVEL: ChoiceParam<'logistic' | 'network'> = {
  kind: 'choice',
  default: 'logistic',
  label: { en: 'Second level', zh: '第二层模型' },
  options: [
    { value: 'logistic', label: { en: 'Logistic regression', zh: '逻辑回归' } },
    { value: 'network', label: { en: 'Small network', zh: '小型网络' } },
  ],
};
const UNITS: NumberParam = {
  kind: 'number',
  min: 2,
  max: 64,
  step: 1,
  default: 16,
  control: 'field',
  when: { level: ['network'] },
  label: { en: 'Hidden units', zh: '隐藏单元数' },
};
const PENALTY: NumberParam = {
  kind: 'number',
  min: 1e-6,
  max: 1,
  step: 1e-6,
  default: 1e-3,
  scale: 'log',
  control: 'field',
  label: { en: 'Weight penalty', zh: '权重惩罚' },
  help: {
    en: 'Keeps the weights of the second level small, so that it does not learn single images. More images need less.',
    zh: '让第二层的权重保持较小，避免记住个别图片。图片越多，需要的惩罚越小。',
  },
};

export const stacking = defineEnsemble({
  id: 'stacking',
  kind: 'parallel',
  words: {
    title: { en: 'Stacking', zh: '堆叠（Stacking）' },
    help: {
      en: 'A second model looks at the probabilities of all members and learns whom to believe for which class.',
      zh: '第二个模型查看所有成员的概率，学会在哪一类上该相信谁。',
    },
    cost: {
      en: `${ALL_RUN.en} The second level adds a few hundred multiplications.`,
      zh: `${ALL_RUN.zh}第二层只增加几百次乘法。`,
    },
    pays: {
      en: 'It pays with members of different kinds that are strong on different classes, and with enough validation images. On few images it learns accidents.',
      zh: '当成员类型不同、各自擅长不同的类别，且验证图片足够多时值得用。图片太少时它会学到偶然现象。',
    },
    paper: 'Wolpert 1992, Stacked Generalization; Ting, Witten 1999, Issues in Stacked Generalization',
  },
  params: { level: LEVEL, units: UNITS, penalty: PENALTY },
  members: { least: 1 },
  gives: 'probabilities',
  formula: ({ level, units, penalty }) => {
    const all = 'p = softmax(tanh([p₁ … pₘ] V + a) W + b)';
    const sizes = level === 'network' ? '(‖V‖² + ‖W‖²)' : '‖W‖²';
    const loss = `min −mean ln p[y] + ${Number(penalty.toPrecision(4))} / 2 · ${sizes}`;
    return lines(
      level === 'network'
        ? { en: `${all}, ${units} hidden units`, zh: `${all}，${units} 个隐藏单元` }
        : 'p = softmax([p₁ … pₘ] W + b)',
      { en: `${loss}, y: the label`, zh: `${loss}，y 为标签` },
    );
  },
  fit({ logits, labels, classes }, { level, units, penalty }, { random }) {
    const shape = { inputs: logits.length * classes, hidden: level === 'network' ? units : 0, classes };
    const { hidden, weights } = fitSecondLevel(features(logits, classes), labels, shape, penalty, random);
    return { hidden, weights };
  },
  combine(logits, classes, _values, state) {
    const level = levelIn(state);
    if (!level) return { scores: averaged(logits, classes, alike(logits.length)) };
    const images = (logits[0] as Float32Array).length / classes;
    const own = secondLevelLogits(features(logits, classes), images, logits.length * classes, classes, level);
    return { scores: logSoftmaxRows(own, classes) };
  },
});

/** Null before it is fitted: members then count alike. */
export function levelIn({ hidden, weights }: EnsembleState): SecondLevel | null {
  return typeof hidden === 'number' && Array.isArray(weights) ? { hidden, weights: weights as number[] } : null;
}

/** [images, members * classes]: every member's probabilities. */
function features(logits: readonly Float32Array[], classes: number): Float64Array {
  const images = (logits[0]?.length ?? 0) / classes;
  const width = logits.length * classes;
  const all = new Float64Array(images * width);
  for (const [m, own] of logits.entries()) {
    const p = softmaxRows(own, classes);
    for (let i = 0; i < images; i++) all.set(p.subarray(i * classes, (i + 1) * classes), i * width + m * classes);
  }
  return all;
}
