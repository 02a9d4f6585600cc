/**
 * The rows of the benchmark of ensembles, on Fashion-MNIST. One seed of all of them takes about a quarter of an hour of one
 * core. Changing what a row is made of makes it, and all that need it, new ones.
 */
import type { Architecture } from '#core/architecture';
import type { Values } from '#core/params';
import type { RecipeStep } from '#core/recipe';
import { TINY } from '../recipes/networks';
import { step } from '../recipes/row';
import type { Making, Row } from './row';

const trained = (network: Extract<Making, { kind: 'network' }>['network'], epochs: number, draw = 0): Making => ({
  kind: 'network',
  network,
  steps: [step('fine-tuning', { epochs, learningRate: 0.002, batchSize: 64 })],
  ...(draw > 0 ? { draw } : {}),
});
/** A student alone and taught: as long, at the same rate, from the same weights. */
const SCHOOL = { epochs: 12, learningRate: 0.003, batchSize: 64 };
const CNN_EPOCHS = 8;
/** Long enough for a network alone to know its training images too well. */
const LONG = 20;
const FOLD = step('fold-batch-norm', {});

const MEMBERS: readonly Row[] = [
  { name: 'cnn', title: 'Small CNN', part: 'Members', making: trained('small-cnn', CNN_EPOCHS) },
  { name: 'cnn-again', title: 'Small CNN, another seed', part: 'Members', making: trained('small-cnn', CNN_EPOCHS, 1) },
  { name: 'separable', title: 'Depthwise-separable CNN', part: 'Members', making: trained('separable-cnn', 4) },
  { name: 'dense', title: 'LeNet-300-100', part: 'Members', making: trained('lenet-300-100', 8) },
  {
    name: 'forest',
    title: 'Random forest on the small CNN’s features',
    part: 'Members',
    making: {
      kind: 'trees',
      method: 'random-forest',
      values: { trees: 40, depth: 14, least: 2 },
      on: { row: 'cnn', layer: 'dense_1' },
    },
  },
];
const ALL = MEMBERS.map(({ name }) => name);

const combined = (
  name: string,
  title: string,
  way: string,
  values: Values = {},
  members: readonly string[] = ALL,
): Row => ({ name, title, part: 'Combined', making: { kind: 'combined', way, values, members } });
const made = (name: string, title: string, making: string, values: Values, models: readonly string[]): Row => ({
  name,
  title,
  part: 'Made to go together',
  making: { kind: 'made', making, values, models },
});

/** The smaller student alone: also what is boosted and bagged, and the first of a cascade. */
const ALONE: Row = {
  name: 'alone',
  title: 'Tiny CNN, alone',
  part: 'From many to one',
  making: {
    kind: 'network',
    network: TINY,
    steps: [step('fine-tuning', { ...SCHOOL }), FOLD],
  },
};

const LONG_ALONE: Row = {
  name: 'cnn-long',
  title: 'Small CNN, 20 epochs, alone',
  part: 'From many to one',
  making: trained('small-cnn', LONG),
};

const taught = (
  name: string,
  title: string,
  against: string,
  network: string | Architecture,
  school: Values,
  after: readonly RecipeStep[] = [],
): Row => ({
  name,
  title,
  part: 'From many to one',
  against,
  making: {
    kind: 'network',
    network,
    steps: [
      step('distillation', {
        ...school,
        teacher: 'mean-probabilities',
        student: 'same',
        temperature: 2,
        softWeight: 0.5,
      }),
      ...after,
    ],
  },
});

export const ROWS: readonly Row[] = [
  ...MEMBERS,
  combined('mean-probabilities', 'Mean of probabilities', 'mean-probabilities'),
  combined('mean-logits', 'Mean of logits', 'mean-logits'),
  combined('accuracy-weights', 'Weighted by accuracy', 'accuracy-weights', { rule: 'logOdds' }),
  combined('learned-weights', 'Learned weights', 'learned-weights'),
  combined('hand-weights', 'Weights by hand, networks twice the forest', 'hand-weights', { weight5: 0.5 }),
  combined('majority-vote', 'Majority vote', 'majority-vote'),
  combined('soft-vote', 'Soft vote', 'soft-vote'),
  combined('boosting-vote', 'Vote with SAMME’s weights', 'boosting'),
  combined('stacking', 'Stacking, logistic regression', 'stacking'),
  combined('stacking-network', 'Stacking, small network', 'stacking', { level: 'network' }),
  ALONE,
  combined('cascade', 'Cascade: tiny CNN, then all stacked', 'cascade', { threshold: 0.9 }, ['alone', 'stacking']),
  made('bagging', 'Bagging, 4 tiny CNNs', 'bagging', { members: 4, epochs: 5, learningRate: 0.003, batchSize: 64 }, [
    'alone',
  ]),
  made('boosting', 'Boosting (SAMME), 5 tiny CNNs', 'boosting', { members: 5, epochs: 3, learningRate: 0.003 }, [
    'alone',
  ]),
  made('snapshots', 'Snapshots, 4 of one run', 'snapshots', { cycles: 4, epochs: 2, learningRate: 0.003 }, ['cnn']),
  made('specialists', 'Specialists behind a router', 'specialists', { groups: 3, epochs: 2 }, ['cnn']),
  made('task-chain', 'Chain of tasks', 'specialists', { groups: 3, epochs: 2, way: 'task-chain' }, ['cnn']),
  made('out-of-fold', 'Stacking out of fold, 2 networks', 'out-of-fold', { folds: 3, epochs: 3 }, ['alone', 'dense']),
  made('soup', 'Model soup, greedy', 'soups', { copies: 3, epochs: 1, learningRate: 0.0005 }, ['cnn']),
  taught('distilled', 'Tiny CNN, taught by the mean of all', 'alone', TINY, SCHOOL, [FOLD]),
  LONG_ALONE,
  taught('cnn-distilled', 'Small CNN, 20 epochs, taught by the mean of all', 'cnn-long', 'small-cnn', {
    epochs: LONG,
    learningRate: 0.002,
    batchSize: 64,
  }),
];
