/**
 * Gradual pruning: weights go a few at a time while training continues, so that the others can take over their work.
 *
 * It helps because what costs a lot of accuracy when it is cut at once costs little in many small steps; this is how
 * networks get to a twentieth or a hundredth of their weights. It costs a training run. Pruned weights stay zero: neither
 * gradients nor moments reach them.
 *
 * At each step of the schedule the weights are ranked anew, as they are by then, by size, by LAMP, by gradient (Taylor) or by
 * the correlation of input and output (Hebbian), and the lowest go until the step's sparsity is reached. By sensitivity each layer is first pruned alone,
 * and those that cost more accuracy lose less at every step. The model as it was can be the teacher throughout.
 * Papers: Zhu, Gupta 2018, "To prune, or not to prune" (cubic); Han et al. 2015 (in rounds); log-cubic is cubic in the logarithm of the density.
 */
import { lines } from '#core/formula';
import type { Model } from '#core/model/model';
import { magnitudeKeys } from '#core/numeric/radix';
import { definePass, type PassContext } from '#core/pass';
import { hebbianScores, timesWeights } from '#core/passes/hebbian-pruning';
import { LAMP_SCORE, lampKeys } from '#core/passes/lamp-pruning';
import { CALIBRATION_IMAGES, scoreKeys } from '#core/passes/shared/importance';
import {
  alreadySparser,
  layerCurves,
  pruneRanked,
  pruningFormula,
  type Ranking,
  rankWeights,
  SPREAD_SCOPE,
  sharesNote,
} from '#core/passes/shared/ranked-pruning';
import { PART, pruningSteps, ROUNDS, SCHEDULE, scheduleFormula, stepDue } from '#core/passes/shared/schedule';
import { LAYERS, type Selected, selectPrunable, selectRunning } from '#core/passes/shared/selection';
import { type Curve, SCAN } from '#core/passes/shared/sensitivity';
import {
  DEEP_SPARSITY,
  leftFormula,
  reachedNote,
  SPARSE_TRAINING,
  sparseFormula,
  sparseObjective,
  sparsityOf,
} from '#core/passes/shared/sparse-training';
import { within } from '#core/passes/shared/within';
import { tidy } from '#core/passes/shared/words';
import { TAYLOR_SCORE, taylorScores } from '#core/passes/taylor-pruning';

const SCORES = {
  magnitude: 's = |w|',
  lamp: LAMP_SCORE,
  taylor: TAYLOR_SCORE,
  hebbian: 's = |wᵢⱼ| · |corr(xᵢ, yⱼ)|',
} as const;

interface Choice {
  readonly importance: string;
  readonly scope: string;
  readonly images: number;
  readonly layers: readonly string[];
}

export const gradualPruning = definePass({
  id: 'gradual-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Gradual pruning', zh: '渐进剪枝' },
    help: {
      en: 'Prunes a little, trains a little, and so on, until the sparsity is reached. The weights that stay learn to do the work of those that go.',
      zh: '剪一点、训练一点，如此反复，直到达到稀疏度。留下的权重学会接替被剪去的权重。',
    },
    cost: {
      en: 'The time of the training. At the same sparsity it keeps far more accuracy than pruning at once.',
      zh: '需要训练的时间。相同稀疏度下，它保留的准确率远高于一次剪完。',
    },
    pays: {
      en: 'It pays when the file is to be as small as can be: where nine weights in ten or more go, small steps keep more accuracy than one cut.',
      zh: '当文件要尽可能小时值得用：剪去九成以上的权重时，小步剪枝比一次剪完保留更多准确率。',
    },
    paper: 'Zhu, Gupta 2018, To prune, or not to prune: exploring the efficacy of pruning for model compression',
  },
  params: {
    sparsity: DEEP_SPARSITY,
    importance: {
      kind: 'choice',
      default: 'lamp',
      label: { en: 'Importance', zh: '重要性' },
      help: {
        en: 'What the weights are ranked by, anew at every step.',
        zh: '每一次剪枝时重新按什么给权重排序。',
      },
      options: [
        { value: 'lamp', label: { en: 'Size within the layer (LAMP)', zh: '层内相对大小（LAMP）' } },
        { value: 'magnitude', label: { en: 'Size', zh: '大小' } },
        { value: 'taylor', label: { en: 'Gradient (Taylor)', zh: '梯度（泰勒）' } },
        { value: 'hebbian', label: { en: 'Input and output together (Hebbian)', zh: '输入与输出的共同变化（赫布）' } },
      ],
    },
    schedule: SCHEDULE,
    rounds: ROUNDS,
    part: { ...PART, when: { schedule: ['log-cubic', 'cubic', 'iterative'] } },
    scope: { ...SPREAD_SCOPE, when: { importance: ['magnitude', 'taylor', 'hebbian'] } },
    images: { ...CALIBRATION_IMAGES, when: { importance: ['taylor', 'hebbian'] } },
    ...SPARSE_TRAINING,
    layers: LAYERS,
  },
  formula: (values) =>
    lines(
      leftFormula(scheduleFormula(values.schedule, values.rounds, 'd', 'd₀', tidy(1 - values.sparsity))),
      pruningFormula(SCORES[values.importance as keyof typeof SCORES], '1 − dₖ', scopeOf(values)),
      sparseFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'structure',

  async prepare(model, values, context): Promise<readonly Curve[] | null> {
    if (scopeOf(values) !== 'sensitivity') return null;
    return layerCurves(model, await ranked(model, values, context), within(context, 0, SCAN));
  },

  async sketch(model, values, _context, curves) {
    const rankings = rankWeights(selectedBy(model, values), scopeOf(values), ({ tensor }) =>
      magnitudeKeys(tensor.data),
    );
    return pruneRanked(model, { rankings, curves }, values.sparsity).model;
  },

  async apply(model, values, context, curves) {
    const selected = selectPrunable(model, values.layers);
    const steps = pruningSteps(values, sparsityOf(selected), values.sparsity);
    let taken = 0;
    let at = 0;
    let apart = 1;
    const rest = curves ? within(context, SCAN, 1 - SCAN) : context;
    const trained = await rest.train(sparseObjective(model, model, values, context), {
      every: values.schedule === 'once' ? values.epochs : (values.epochs * values.part) / values.rounds,
      async revise(current, done) {
        if (done > at) apart = done - at;
        at = done;
        const due = stepDue(steps, done);
        if (!due || steps.indexOf(due) < taken) return current;
        taken = steps.indexOf(due) + 1;
        return pruned(current, values, due.sparsity, curves, context);
      },
      memory: {
        read: () => [taken, at, apart],
        write(kept) {
          [taken, at, apart] = kept as [number, number, number];
        },
      },
    });
    if (steps.length === 0)
      return { model: trained, report: { notes: [alreadySparser(selected, sparsityOf(selected))] } };
    // A run of few batches ends before its last step; one that was stopped stays as it is.
    const isOver = at + apart >= (steps.at(-1)?.done as number);
    const whole =
      taken < steps.length && isOver ? await pruned(trained, values, values.sparsity, curves, context) : trained;
    const rounds = taken + (whole === trained ? 0 : 1);
    const after = selectPrunable(whole, values.layers);
    const notes = [reachedNote(sparsityOf(after), rounds)];
    if (curves) notes.push(sharesNote(after));
    return { model: whole, report: { notes } };
  },
});

/** What is ranked together; LAMP shares out by itself. */
const scopeOf = ({ importance, scope }: { readonly importance: string; readonly scope: string }): string =>
  importance === 'lamp' ? 'global' : scope;

async function pruned(
  model: Model,
  choice: Choice,
  sparsity: number,
  curves: readonly Curve[] | null,
  context: PassContext,
): Promise<Model> {
  return pruneRanked(model, { rankings: await ranked(model, choice, context), curves }, sparsity).model;
}

async function ranked(model: Model, choice: Choice, context: PassContext): Promise<readonly Ranking[]> {
  const selected = selectedBy(model, choice);
  const keys = await keysOf(model, selected, choice, context);
  return rankWeights(selected, scopeOf(choice), (_one, i) => keys[i] as Uint32Array);
}

function selectedBy(model: Model, { importance, layers }: Pick<Choice, 'importance' | 'layers'>): readonly Selected[] {
  const byData = importance === 'taylor' || importance === 'hebbian';
  return (byData ? selectRunning : selectPrunable)(model, layers);
}

async function keysOf(
  model: Model,
  selected: readonly Selected[],
  { importance, images }: Choice,
  context: PassContext,
): Promise<readonly Uint32Array[]> {
  // The progress shown is that of the training around this.
  const quiet: PassContext = { ...context, progress: () => {} };
  switch (importance) {
    case 'taylor':
      return scoreKeys(await taylorScores(model, selected, images, quiet));
    case 'hebbian': {
      const scores = await hebbianScores(model, selected, 'correlation', images, quiet);
      return scoreKeys(scores.map((own, i) => timesWeights(own, selected[i] as Selected)));
    }
    case 'lamp':
      return selected.map(({ tensor }) => lampKeys(tensor.data));
    default:
      return selected.map(({ tensor }) => magnitudeKeys(tensor.data));
  }
}
