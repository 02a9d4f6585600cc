/**
 * Model and objective to a plan: a straight list of operations over slots, with our own reverse mode. An inference plan
 * ends in logits; a training plan holds one whole step: forward, loss, gradients, penalties, optimiser, metrics.
 * Plans depend on structure and encodings only; the values are initial writes beside them.
 */
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { DistillationTerm, Objective } from '#core/objective';
import type { Plan, SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';
import { type Builder, type InitialWrite, makeBuilder, reshaped, scaled } from '#engine/plan/builder';
import { type Lowering, lowerLayer } from '#engine/plan/forward';
import { logitsRule } from '#engine/plan/logits';
import { lossSteps } from '#engine/plan/loss';
import { heldTensors, type ParamSlots, plainSlot, type TrainedTensor, trainedSlots } from '#engine/plan/parameters';
import { reverse } from '#engine/plan/reverse';
import { isUpdated, updateSteps } from '#engine/plan/update';

/** A tensor's persistent slot in an inference plan. */
export interface ParamSlot {
  readonly layer: string;
  readonly role: TensorRole;
  readonly slot: SlotId;
}
export interface InferencePlan {
  readonly plan: Plan;
  readonly batch: number;
  readonly classes: number;
  /** [batch, ...input shape]. */
  readonly input: SlotId;
  /** [batch, classes]: logits, or probabilities where `probabilities` is true. */
  readonly output: SlotId;
  readonly probabilities: boolean;
  readonly params: readonly ParamSlot[];
  /** Parameters and constants. */
  readonly writes: readonly InitialWrite[];
}
export interface TrainingPlan {
  readonly plan: Plan;
  readonly batch: number;
  readonly classes: number;
  readonly input: SlotId;
  /** [batch]: class indices. */
  readonly labels: SlotId;
  /** [batch]: sample weights, 1 from the start. */
  readonly weights: SlotId;
  /** [1]: learning rate of the step, Adam's bias correction included. */
  readonly rate: SlotId;
  /** [3]: weighted loss, weighted correct answers and weights since last written. */
  readonly sums: SlotId;
  /** [batch, classes] of teacher logits for each distillation term. */
  readonly teachers: readonly { readonly slot: SlotId; readonly term: DistillationTerm }[];
  /** Keep masks that the host fills before each step: 0, or 1 / (1 - rate). */
  readonly noises: readonly { readonly slot: SlotId; readonly rate: number; readonly size: number }[];
  readonly trained: readonly TrainedTensor[];
  readonly writes: readonly InitialWrite[];
}

/** A classifier's forward pass to logits for `batch` images. Throws EngineError('plan' or 'data'). */
export function inferencePlan(model: Model, batch: number): InferencePlan {
  const b = makeBuilder();
  const params: ParamSlot[] = [];
  const slots = new Map<string, SlotId>();
  for (const layer of reachable(model)) {
    for (const [role, tensor] of heldTensors(model, layer)) {
      const slot = plainSlot(b, tensor);
      params.push({ layer: layer.name, role, slot });
      slots.set(`${layer.name}/${role}`, slot);
    }
  }
  const param = (layer: Layer, role: TensorRole) => slots.get(`${layer.name}/${role}`) ?? null;
  const { input, logits, probabilities, classes } = forward(b, model, batch, {
    param,
    batchStatistics: () => false,
    noise: () => null,
  });
  b.keep(logits);
  return { plan: b.build(), batch, classes, input, output: logits, probabilities, params, writes: b.writes };
}

/** One step of the objective on `batch` images. Throws EngineError('plan') where something cannot be trained. */
export function trainingPlan(objective: Objective, batch: number): TrainingPlan {
  const { model } = objective;
  const b = makeBuilder();
  const frozen = new Set(objective.frozen);
  const params = new Map<string, ParamSlots>();
  for (const layer of reachable(model)) {
    for (const [role, tensor] of heldTensors(model, layer)) {
      const slots = frozen.has(layer.name)
        ? { value: plainSlot(b, tensor), trained: null, mask: null, penalised: false }
        : trainedSlots(b, layer, role, tensor);
      params.set(`${layer.name}/${role}`, slots);
    }
  }
  const encodingSteps = [...b.steps];
  const noises: { slot: SlotId; rate: number; size: number }[] = [];
  const { input, logits, probabilities, classes } = forward(b, model, batch, {
    param: (layer, role) => params.get(`${layer.name}/${role}`)?.value ?? null,
    batchStatistics: (layer) => !frozen.has(layer.name),
    noise: (layer, shape) => {
      if (layer.rate <= 0) return null;
      const slot = b.persistent(shape);
      noises.push({ slot, rate: layer.rate, size: sizeOf(shape) });
      return slot;
    },
  });
  if (probabilities) throw onlyProbabilities();
  const forwardSteps = b.steps.slice(encodingSteps.length);
  const loss = lossSteps(b, objective, logits, batch, classes);
  const updated = [...params.values()].filter(isUpdated);
  const gradients = reverse(
    b,
    forwardSteps,
    new Map([[logits, loss.gradient]]),
    new Set(updated.map((one) => one.value)),
  );
  if (!updated.some((one) => gradients.has(one.value))) throw nothingToTrain();
  const rate = b.persistent([1]);
  updateSteps(b, objective, rate, updated, encodingSteps, gradients);
  return {
    plan: b.build(),
    batch,
    classes,
    input,
    rate,
    noises,
    labels: loss.labels,
    weights: loss.weights,
    sums: loss.sums,
    teachers: loss.teachers,
    trained: [...params.values()].flatMap((one) => one.trained ?? []),
    writes: b.writes,
  };
}

type Supply = Pick<Lowering, 'param' | 'batchStatistics' | 'noise'>;

/** Appends the forward pass up to [batch, classes] logits (or probabilities, where there is nothing before them). */
function forward(
  b: Builder,
  model: Model,
  batch: number,
  supply: Supply,
): { input: SlotId; logits: SlotId; probabilities: boolean; classes: number } {
  const shapes = shapesOf(model);
  const { replaced, logSigmoid, probabilities } = logitsRule(model, shapes);
  const low: Lowering = { builder: b, batch, replaced, ...supply };
  const values = new Map<string, SlotId>();
  const first = model.inputs[0] as string;
  const input = b.persistent([batch, ...(shapes[first] ?? [])]);
  values.set(first, input);
  for (const layer of reachable(model)) {
    if (layer.kind === 'input') {
      if (layer.name !== first) throw severalInputs();
      continue;
    }
    const inputs = layer.inputs.map((name) => values.get(name) as SlotId);
    values.set(layer.name, lowerLayer(low, layer, inputs, shapes[layer.name] ?? []));
  }
  const output = values.get(model.outputs[0] as string) as SlotId;
  const classes = sizeOf(b.shape(output)) / batch;
  const flat = reshaped(b, output, [batch, classes]);
  return { input, logits: logSigmoid ? logOfSigmoid(b, flat) : flat, probabilities, classes };
}

/** log sigmoid(z) = -softplus(-z). */
function logOfSigmoid(b: Builder, z: SlotId): SlotId {
  const softplus = { fn: 'softplus', alpha: 0, max: Number.POSITIVE_INFINITY } as const;
  return scaled(b, b.push({ kind: 'activation', act: softplus }, [scaled(b, z, -1)], b.shape(z)), -1);
}

/** The layers that the first output depends on, in the model's order. */
function reachable(model: Model): readonly Layer[] {
  const wanted = new Set([model.outputs[0] as string]);
  for (const layer of model.layers.toReversed()) {
    if (wanted.has(layer.name)) for (const name of layer.inputs) wanted.add(name);
  }
  return model.layers.filter((layer) => wanted.has(layer.name));
}

function onlyProbabilities(): EngineError {
  return new EngineError('plan', {
    en: 'This model ends in a mean of probabilities, so it cannot be trained here; its parts can.',
    zh: '该模型以概率的平均值结尾，因此无法在此训练；但它的各个部分可以单独训练。',
  });
}

function nothingToTrain(): EngineError {
  return new EngineError('plan', {
    en: 'Nothing in this model can be trained: it has no weights, or all its layers are frozen.',
    zh: '该模型没有可训练的内容：没有权重，或所有层都已冻结。',
  });
}

function severalInputs(): EngineError {
  return new EngineError('data', {
    en: 'This model has more than one input; only models with one image input can be run on a data set.',
    zh: '该模型有多个输入；只有单一图像输入的模型才能在数据集上运行。',
  });
}
