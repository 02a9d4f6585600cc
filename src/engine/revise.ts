/**
 * A model that changes its form while it is trained: what a hook gives back (other masks, other grids, other values)
 * takes the place of what was there, and training goes on with the float copies and the optimiser's moments as they are.
 */
import type { Model, Tensor } from '#core/model/model';
import { makeTensor, sizeOf } from '#core/model/tensor';
import type { TrainHooks } from '#core/pass';
import { optimizerGroups } from '#engine/arena';
import type { Backend, Program, SlotId } from '#engine/backend';
import type { TrainingPlan } from '#engine/plan';
import { collectedSlots, collectModel, type MakeTensor, trainedTensor } from '#engine/plan/collect';
import type { TrainedTensor } from '#engine/plan/parameters';

/** A run between two steps. */
export interface Running {
  /** Whose layers and encodings the plan was made from. */
  readonly model: Model;
  readonly plan: TrainingPlan;
  readonly program: Program;
}

/** The model as it stands. */
export async function modelNow({ model, plan, program }: Running, make: MakeTensor = makeTensor): Promise<Model> {
  return collectModel(model, plan, await readSlots(program, plan), make);
}

async function readSlots(program: Program, plan: TrainingPlan): Promise<ReadonlyMap<SlotId, Float32Array>> {
  const contents = new Map<SlotId, Float32Array>();
  for (const slot of collectedSlots(plan)) contents.set(slot, await program.read(slot));
  return contents;
}

/** Compiles a plan and puts in what it starts from. */
export async function startPlan(
  backend: Backend,
  model: Model,
  plan: TrainingPlan,
  onCompiled?: (ready: number, of: number) => void,
): Promise<Running> {
  const program = await backend.compile(plan.plan, onCompiled);
  for (const { slot, data } of plan.writes) program.write(slot, data);
  return { model, plan, program };
}

/** Shows the model to the hook and goes on with its answer; the same `running` where nothing changes. */
export async function revise(
  backend: Backend,
  running: Running,
  hooks: TrainHooks,
  done: number,
  planOf: (model: Model) => TrainingPlan,
  regrow: boolean,
): Promise<Running> {
  const { plan, program } = running;
  const held = await readSlots(program, plan);
  const contents = new Map<string, Float32Array>(
    plan.trained.map(({ layer, role, slot }) => [`${layer}/${role}`, (held.get(slot) as Float32Array).slice()]),
  );
  const now = collectModel(running.model, plan, held, makeTensor);
  const byName = new Map(plan.trained.map((one) => [`${one.layer}/${one.role}`, one]));
  const next = await hooks.revise(now, done, (layer) => {
    const own = byName.get(`${layer}/kernel`);
    if (own && hasCopy(own)) return (contents.get(`${layer}/kernel`) as Float32Array).slice();
    return kernelOf(now, layer).data.slice();
  });
  if (next === now) return running;
  const nextPlan = planOf(next);
  const sameSteps = shapeOf(nextPlan) === shapeOf(plan);
  const started = sameSteps ? { model: next, plan: nextPlan, program } : await startPlan(backend, next, nextPlan);
  if (sameSteps) {
    const beside = new Set(nextPlan.beside);
    for (const { slot, data } of nextPlan.writes) if (!beside.has(slot)) program.write(slot, data);
  } else {
    await carryOver(running, started);
    program.dispose();
  }
  for (const one of nextPlan.trained) {
    const name = `${one.layer}/${one.role}`;
    const [before, copy] = [byName.get(name), contents.get(name)];
    if (before && copy && hasCopy(before) && hasCopy(one) && copy.length === one.tensor.data.length)
      started.program.write(one.slot, settled(one, copy, regrow));
  }
  return started;
}

const shapeOf = ({ plan: { slots, steps } }: TrainingPlan): string => JSON.stringify([slots, steps]);

/** Takes moments, what is trained beside the model, and the figures so far into a program with other steps. */
async function carryOver(before: Running, after: Running): Promise<void> {
  const target = keptSlots(after.plan);
  for (const [name, slot] of keptSlots(before.plan)) {
    const other = target.get(name);
    if (other === undefined) continue;
    const values = await before.program.read(slot);
    if (values.length === sizeOf(after.plan.plan.slots[other]?.shape ?? [])) after.program.write(other, values);
  }
}

function keptSlots({ plan, trained, grids, beside, sums }: TrainingPlan): ReadonlyMap<string, SlotId> {
  const names = new Map<SlotId, string>(trained.map(({ layer, role, slot }) => [slot, `${layer}/${role}`]));
  for (const { layer, role, scales } of trained) if (scales) names.set(scales.ratios, `${layer}/${role} scales`);
  for (const { layer, scales } of grids) names.set(scales.ratios, `${layer} scale`);
  for (const [i, slot] of beside.entries()) names.set(slot, `beside ${i}`);
  const kept = new Map<string, SlotId>([['sums', sums], ...beside.map((slot, i) => [`beside ${i}`, slot] as const)]);
  for (const step of plan.steps) {
    const [params, , first, second] = optimizerGroups(step);
    for (const [i, param] of params.entries()) {
      const name = names.get(param);
      if (name === undefined) continue;
      for (const [j, moment] of [first[i], second[i]].entries())
        if (moment !== undefined) kept.set(`${name} moment ${j}`, moment);
    }
  }
  return kept;
}

/** Whether its slot holds a float for each weight. */
function hasCopy({ kind }: TrainedTensor): boolean {
  return kind !== 'codebook' && kind !== 'statistic';
}

/**
 * The float copy under a new encoding: as it was wherever the encoding makes the tensor's own values of it, those values
 * elsewhere. Pruned weights are 0 unless they may grow again.
 */
function settled(trained: TrainedTensor, copy: Float32Array, regrows: boolean): Float32Array {
  const { data, encoding } = trained.tensor;
  const made = trainedTensor(trained, copy.slice(), asIs).data;
  const { mask, values } = encoding;
  const tolerance = values.kind === 'dense' ? 0 : 1e-6;
  return copy.map((value, i) => {
    if (mask && !mask[i]) return regrows ? value : 0;
    const [own, seen] = [data[i] as number, made[i] as number];
    return Math.abs(own - seen) <= tolerance * Math.abs(own) ? value : own;
  });
}

const asIs: MakeTensor = (shape, data, encoding) => ({ id: '', shape, data, encoding });

function kernelOf(model: Model, name: string): Tensor {
  const layer = model.layers.find((one) => one.name === name);
  const tensor = layer && 'kernel' in layer ? model.tensors[layer.kernel] : undefined;
  if (!tensor) throw new Error(`${name} has no kernel`);
  return tensor;
}
