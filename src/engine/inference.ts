/**
 * Running models forward. Programs are kept by structure: when only weights differ, the tensors that changed are
 * written into the program that is there, and nothing is compiled again. Two users at once get a program each.
 */
import type { GridValues } from '#core/model/encoding';
import type { Layer, TensorRole } from '#core/model/layers';
import { tensorsOf } from '#core/model/layers';
import type { Model, TensorId } from '#core/model/model';
import type { Backend, Program, SlotId } from '#engine/backend';
import { type InferencePlan, inferencePlan } from '#engine/plan';
import type { ResidentImages } from '#engine/plan/gather';

/** Programs kept for each backend; the longest unused goes first. */
const KEPT = 6;

interface Entry {
  readonly key: string;
  /** Of resident images. */
  readonly table: Uint8Array | null;
  readonly plan: InferencePlan;
  readonly program: Program;
  /** What each parameter slot holds now. */
  readonly holds: Map<SlotId, TensorId>;
  /** The activation grids whose scales and zero points it holds now, by layer name. */
  readonly grids: Map<string, GridValues>;
  busy: boolean;
  used: number;
}

/** A program with a model's weights in it, for as long as it is held. */
export interface Runner {
  readonly batch: number;
  readonly classes: number;
  /**
   * Logits [batch, classes] of images [batch, ...input], or of rows [batch] of the resident ones. The work is begun before
   * this returns, so the next may be asked for before the last has come.
   */
  run(input: Float32Array): Promise<Float32Array>;
  /** Gives the program back. */
  release(): void;
}

const caches = new WeakMap<Backend, { entries: Entry[]; clock: number }>();

/** Borrows a program for this model at this batch size, compiling one only where none of its structure is free. */
export async function borrowRunner(
  backend: Backend,
  model: Model,
  batch: number,
  resident: ResidentImages | null = null,
): Promise<Runner> {
  const cache = caches.get(backend) ?? { entries: [], clock: 0 };
  caches.set(backend, cache);
  const key = `${batch}:${structureOf(model)}`;
  const table = resident?.pixels ?? null;
  let entry = cache.entries.find((one) => !one.busy && one.key === key && one.table === table);
  if (entry) {
    entry.busy = true;
  } else {
    const plan = inferencePlan(model, batch, resident);
    const program = await backend.compile(plan.plan);
    for (const { slot, data } of plan.writes) program.write(slot, data);
    const grids = new Map(Object.entries(model.activationGrids ?? {}));
    entry = { key, table, plan, program, holds: idsOf(plan, model), grids, busy: true, used: 0 };
    cache.entries.push(entry);
  }
  const mine = entry;
  mine.used = ++cache.clock;
  update(mine, model);
  dropOldest(cache.entries);
  return {
    batch,
    classes: mine.plan.classes,
    async run(input) {
      mine.program.write(mine.plan.input, input);
      mine.program.run();
      const output = await mine.program.read(mine.plan.output);
      return mine.plan.probabilities ? output.map((p) => Math.log(Math.max(p, 1e-30))) : output;
    },
    release() {
      mine.busy = false;
      dropOldest(cache.entries);
    },
  };
}

/** Frees every program of a backend that nobody is using. */
export function forgetPrograms(backend: Backend): void {
  const cache = caches.get(backend);
  if (!cache) return;
  for (const entry of cache.entries) if (!entry.busy) entry.program.dispose();
  cache.entries = cache.entries.filter((entry) => entry.busy);
}

function dropOldest(entries: Entry[]): void {
  while (entries.length > KEPT) {
    const idle = entries.filter((one) => !one.busy);
    if (idle.length === 0) return;
    const oldest = idle.reduce((a, b) => (a.used < b.used ? a : b));
    entries.splice(entries.indexOf(oldest), 1);
    oldest.program.dispose();
  }
}

/** Writes the tensors and activation grids that differ from what the program holds. */
function update(entry: Entry, model: Model): void {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  for (const { layer, role, slot } of entry.plan.params) {
    const id = idOf(layers.get(layer), role);
    const tensor = id === undefined ? undefined : model.tensors[id];
    if (!tensor || entry.holds.get(slot) === tensor.id) continue;
    entry.program.write(slot, tensor.data);
    entry.holds.set(slot, tensor.id);
  }
  for (const { layer, slots } of entry.plan.grids) {
    const grid = model.activationGrids?.[layer];
    if (!grid || entry.grids.get(layer) === grid) continue;
    entry.program.write(slots.scale, grid.scale);
    entry.program.write(slots.zeroPoint, Float32Array.from(grid.zeroPoint));
    entry.grids.set(layer, grid);
  }
}

function idsOf(plan: InferencePlan, model: Model): Map<SlotId, TensorId> {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return new Map(
    plan.params.flatMap(({ layer, role, slot }) => {
      const id = idOf(layers.get(layer), role);
      return id === undefined ? [] : [[slot, id] as const];
    }),
  );
}

function idOf(layer: Layer | undefined, role: TensorRole): TensorId | undefined {
  return layer && tensorsOf(layer).find(([held]) => held === role)?.[1];
}

/** Everything about a model but its values. */
export function structureOf(model: Model): string {
  const layers = model.layers.map((layer) => {
    const shapes = tensorsOf(layer).map(([role, id]) => [role, model.tensors[id]?.shape] as const);
    return { ...layer, ...Object.fromEntries(shapes) };
  });
  const grids = Object.entries(model.activationGrids ?? {}).map(([layer, { qMin, qMax }]) => [layer, qMin, qMax]);
  return JSON.stringify([model.inputs, model.outputs[0], layers, grids]);
}
