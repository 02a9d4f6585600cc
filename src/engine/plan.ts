/**
 * Model and objective to a plan: a straight list of operations over slots, with our own reverse mode. An inference plan
 * ends in logits; a training plan holds one whole step: forward, loss, gradients, penalties, optimiser, metrics.
 * Plans depend on structure and encodings only; the values are initial writes beside them.
 */
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Objective } from '#core/objective';
import type { Plan, SlotId } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';
import { type AnswerSlot, findAsked } from '#engine/plan/answers';
import { type Builder, type InitialWrite, makeBuilder } from '#engine/plan/builder';
import type { Trained } from '#engine/plan/collect';
import { type GatheredBatch, gatherImages, gatherSteps, type ResidentImages } from '#engine/plan/gather';
import { type GridSlots, gridSlots, learnedGridSlots } from '#engine/plan/grids';
import { inUse, type ParamSlot } from '#engine/plan/in-use';
import { lossSteps } from '#engine/plan/loss';
import { forward, onlyProbabilities, reachable, type Supply } from '#engine/plan/network';
import { frozenSlots, heldTensors, type ParamSlots, regrowing, trainedSlots } from '#engine/plan/parameters';
import { reverse } from '#engine/plan/reverse';
import { frozenNetwork, liveTeachers, studentLayers } from '#engine/plan/teacher';
import { isUpdated, updateSteps } from '#engine/plan/update';

export interface InferencePlan {
  readonly plan: Plan;
  readonly batch: number;
  readonly classes: number;
  /** [batch, ...input shape]; of resident images [batch] rows. */
  readonly input: SlotId;
  /** [batch, classes]: logits, or probabilities where `probabilities` is true. */
  readonly output: SlotId;
  readonly probabilities: boolean;
  readonly params: readonly ParamSlot[];
  /** Scales and zero points of activation grids. */
  readonly grids: readonly { readonly layer: string; readonly slots: GridSlots }[];
  /** Parameters and constants. */
  readonly writes: readonly InitialWrite[];
}
export interface TrainingPlan extends Trained {
  readonly plan: Plan;
  readonly batch: number;
  readonly classes: number;
  readonly input: SlotId;
  /** [batch]: class indices; the number of classes where an image has no label. */
  readonly labels: SlotId;
  /** Where the plan puts batches together: what it does so from. The host then fills nothing else but the rate. */
  readonly gathered: GatheredBatch | null;
  /** [1]: the share of the run done, 0 to 1, where some weight changes over it. */
  readonly done: SlotId | null;
  /** [batch]: sample weights, 1 from the start. */
  readonly weights: SlotId;
  /** [1]: learning rate of the step, Adam's bias correction included. */
  readonly rate: SlotId;
  /** [3]: weighted loss, weighted correct answers and weights since last written. */
  readonly sums: SlotId;
  /** [batch, classes] of logits of each teacher that does not run along. */
  readonly teachers: readonly AnswerSlot[];
  /** Keep masks that the host fills before each step: 0, or 1 / (1 - rate). */
  readonly noises: readonly { readonly slot: SlotId; readonly rate: number; readonly size: number }[];
  /** Slots that are trained beside the model's tensors, for a loss term only. */
  readonly beside: readonly SlotId[];
  readonly writes: readonly InitialWrite[];
}

/** A classifier's forward pass to logits for `batch` images, `resident` ones by row. Throws EngineError('plan' or 'data'). */
export function inferencePlan(model: Model, batch: number, resident: ResidentImages | null = null): InferencePlan {
  const b = makeBuilder();
  const source = resident && gatherImages(b, resident, batch, 0);
  const { params, supply } = inUse(b, model);
  const grids: { layer: string; slots: GridSlots }[] = [];
  const network = forward(b, model, batch, {
    ...supply,
    grid(layer, grid) {
      const slots = gridSlots(b, grid);
      grids.push({ layer, slots });
      return slots;
    },
    ...(source && { images: source.images }),
  });
  const { logits, probabilities, classes } = network;
  b.keep(logits);
  const plan = resident ? { ...b.build(), table: resident.pixels } : b.build();
  const input = source?.rows ?? network.input;
  return { plan, batch, classes, input, output: logits, probabilities, params, grids, writes: b.writes };
}

export interface TrainingPlanOptions {
  /** Where labels and teachers look at different images: the first so many rows are the teachers', the rest have labels. */
  readonly transfer?: number | null;
  /** The data set, where the plan is to put batches together by itself. */
  readonly resident?: Dataset | null;
}

/** One step of the objective on `batch` images. Throws EngineError('plan') where something cannot be trained. */
export function trainingPlan(
  objective: Objective,
  batch: number,
  { transfer = null, resident = null }: TrainingPlanOptions = {},
): TrainingPlan {
  const { model } = objective;
  const b = makeBuilder();
  const frozen = new Set(objective.frozen);
  const params = new Map<string, ParamSlots>();
  for (const layer of reachable(model)) {
    for (const [role, tensor] of heldTensors(model, layer)) {
      const slots = frozen.has(layer.name) ? frozenSlots(b, tensor) : trainedSlots(b, layer, role, tensor, objective);
      params.set(`${layer.name}/${role}`, objective.regrow ? regrowing(b, slots) : slots);
    }
  }
  const grids = learnedGrids(b, objective, frozen);
  const encodingSteps = [...b.steps];
  const source = resident && gatherSteps(b, objective, resident, batch);
  const begin = b.steps.length;
  const noises: { slot: SlotId; rate: number; size: number }[] = [];
  const looked = studentLayers(objective);
  const supply: Supply = {
    param: (layer, role) => params.get(`${layer.name}/${role}`)?.value ?? null,
    batchStatistics: (layer) => !frozen.has(layer.name),
    noise: (layer, shape) => {
      if (layer.rate <= 0) return null;
      if (source) return source.keepMask(layer.rate, shape);
      const slot = b.persistent(shape);
      noises.push({ slot, rate: layer.rate, size: sizeOf(shape) });
      return slot;
    },
    grid: (layer) => grids.get(layer) ?? null,
    ...(source && { images: source.images }),
  };
  const taps = looked.map((layer) => ({ layer, at: 'output' }) as const);
  const network = forward(b, model, batch, supply, taps);
  const { input, logits, classes } = network;
  if (network.probabilities) throw onlyProbabilities();
  const forwardSteps = b.steps.slice(begin);
  const teachers = [...liveTeachers(objective)].map(
    ([teacher, layers]) => [teacher, frozenNetwork(b, teacher, batch, input, layers)] as const,
  );
  const labels = source?.labels ?? b.persistent([batch]);
  const answers: AnswerSlot[] = [];
  let done: SlotId | null = null;
  const loss = lossSteps(b, objective, {
    batch,
    classes,
    logits,
    labels,
    answers(asked) {
      const known = findAsked(answers, asked);
      if (known) return known.slot;
      const slot = source?.answers(asked, classes) ?? b.persistent([batch, classes]);
      answers.push({ ...asked, slot });
      return slot;
    },
    student: new Map(looked.map((layer, i) => [layer, network.taps[i] as SlotId])),
    teachers: new Map(teachers),
    shares: transfer === null ? null : sharesOf(b, batch, transfer),
    done() {
      done ??= b.persistent([1]);
      return done;
    },
  });
  const updated = [...params.values()].filter(isUpdated);
  const wanted = [...updated.map((one) => one.value), ...[...grids.values()].map(({ scale }) => scale)];
  const gradients = reverse(b, forwardSteps, loss.seeds, new Set(wanted));
  if (!updated.some((one) => gradients.has(one.value))) throw nothingToTrain();
  const rate = b.persistent([1]);
  updateSteps(b, objective, rate, updated, [...grids.values()], encodingSteps, gradients, loss.extra);
  return {
    plan: resident ? { ...b.build(), table: resident.splits.train.pixels } : b.build(),
    batch,
    classes,
    input,
    gathered: source?.gathered ?? null,
    rate,
    done,
    noises,
    labels,
    weights: loss.weights,
    sums: loss.sums,
    teachers: source ? [] : answers,
    trained: [...params.values()].flatMap((one) => one.trained ?? []),
    grids: [...grids].flatMap(([layer, { learned }]) => (learned ? [{ layer, scales: learned }] : [])),
    beside: loss.extra.map(([slot]) => slot),
    writes: b.writes,
  };
}

/** Slots of the activation grids whose scales are trained, by layer name: those of layers that are not frozen. */
function learnedGrids(
  b: Builder,
  { model, learnSteps }: Objective,
  frozen: ReadonlySet<string>,
): ReadonlyMap<string, GridSlots> {
  const shapes = shapesOf(model);
  const used = new Set(reachable(model).map(({ name }) => name));
  const grids = Object.entries(learnSteps ? (model.activationGrids ?? {}) : {});
  return new Map(
    grids
      .filter(([name]) => used.has(name) && !frozen.has(name))
      .map(([name, grid]) => [name, learnedGridSlots(b, grid, sizeOf(shapes[name] ?? []))]),
  );
}

/** Each part of a mixed batch counts as much as a whole batch would. */
function sharesOf(b: Builder, batch: number, transfer: number): { labels: SlotId; teachers: SlotId } {
  const labels = new Float32Array(batch).fill(batch / (batch - transfer), transfer);
  const teachers = new Float32Array(batch).fill(batch / transfer, 0, transfer);
  return { labels: b.persistent([batch], labels), teachers: b.persistent([batch], teachers) };
}

function nothingToTrain(): EngineError {
  return new EngineError('plan', {
    en: 'Nothing in this model can be trained: it has no weights, or all its layers are frozen.',
    zh: '该模型没有可训练的内容：没有权重，或所有层都已冻结。',
  });
}
