/** A compiled plan on the graphics card: its arena, its dispatches with their numbers, and what goes up and comes down. */
import { sizeOf } from '#core/model/tensor';
import { BackendError, type Plan, type Program, type SlotId } from '#engine/backend';
import { type Device, errorOf } from './device';
import { makeInbox } from './inbox';
import { type Dispatch, UNIFORM_BYTES } from './kernel';
import { type Lowered, lower } from './lower';
import type { Table } from './tables';

/** What all programs of a backend have done so far. */
export interface Tally {
  dispatches: number;
  uploads: number;
  readbacks: number;
}

interface Memory {
  readonly arena: GPUBuffer;
  readonly uniforms: GPUBuffer;
  readonly group: GPUBindGroup;
  readonly table: Table | null;
}

/** Compiles a plan. Rejects with BackendError: 'memory' where it does not fit, 'shader' where a kernel fails. */
export async function makeProgram(
  device: Device,
  plan: Plan,
  tally: Tally,
  onCompiled?: (ready: number, of: number) => void,
): Promise<Program> {
  device.check();
  const lowered = lower(plan);
  const bytes = lowered.size * 4;
  if (bytes > device.most) {
    const [needed, most] = [bytes, device.most].map((size) => Math.ceil(size / 1e6));
    throw new BackendError('memory', `The model needs ${needed} MB on the graphics card, which gives at most ${most}.`);
  }
  const pipelines = await compileAll(device, lowered.dispatches, onCompiled);
  device.check();
  const memory = await makeMemory(device, lowered, plan.table, () => {
    tally.uploads += 1;
  });
  return programOf(device, plan, lowered, pipelines, memory, tally);
}

/** Kernels with the same text are one; the word goes out for each that is ready. */
async function compileAll(
  device: Device,
  dispatches: readonly Dispatch[],
  onCompiled?: (ready: number, of: number) => void,
): Promise<readonly GPUComputePipeline[]> {
  const texts = new Map(dispatches.map(({ text, label }) => [text, label]));
  let ready = 0;
  const made = [...texts].map(async ([text, label]) => {
    const pipeline = await device.pipeline(label, text);
    onCompiled?.(++ready, texts.size);
    return [text, pipeline] as const;
  });
  const byText = new Map(await Promise.all(made));
  return dispatches.map(({ text }) => byText.get(text) as GPUComputePipeline);
}

async function makeMemory(
  device: Device,
  { dispatches, places, size }: Lowered,
  bytes: Uint8Array | undefined,
  onUpload: () => void,
): Promise<Memory> {
  const { gpu } = device;
  gpu.pushErrorScope('out-of-memory');
  gpu.pushErrorScope('validation');
  const both = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const arena = device.buffer('arena', size * 4, GPUBufferUsage.STORAGE | both);
  const uniformBytes = Math.max(1, dispatches.length) * UNIFORM_BYTES;
  const uniforms = device.buffer('uniforms', uniformBytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  gpu.queue.writeBuffer(uniforms, 0, uniformsOf(dispatches));
  for (const { at, count } of places.filled) gpu.queue.writeBuffer(arena, at * 4, new Float32Array(count).fill(1));
  const table = bytes ? device.tables.borrow(bytes, onUpload) : null;
  const group = gpu.createBindGroup({
    layout: device.layout,
    entries: [
      { binding: 0, resource: { buffer: arena } },
      { binding: 1, resource: { buffer: uniforms, size: UNIFORM_BYTES } },
      { binding: 2, resource: { buffer: table?.buffer ?? device.tables.none } },
    ],
  });
  const scopes = [gpu.popErrorScope(), gpu.popErrorScope()];
  try {
    const [invalid, tooLarge] = await Promise.all(scopes);
    // A buffer that could not be had makes all that uses it invalid.
    const error = tooLarge ?? invalid;
    if (error) throw errorOf(error);
    device.check();
  } catch (error) {
    device.giveBack(arena);
    device.giveBack(uniforms);
    table?.release(true);
    throw await device.explain(error);
  }
  return { arena, uniforms, group, table };
}

function uniformsOf(dispatches: readonly Dispatch[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(Math.max(1, dispatches.length) * UNIFORM_BYTES);
  dispatches.forEach(({ words }, i) => all.set(new Uint8Array(words), i * UNIFORM_BYTES));
  return all;
}

function programOf(
  device: Device,
  plan: Plan,
  { dispatches, places }: Lowered,
  pipelines: readonly GPUComputePipeline[],
  { arena, uniforms, group, table }: Memory,
  tally: Tally,
): Program {
  const { gpu } = device;
  const inbox = makeInbox(device, arena, tally);
  let alive = true;
  const check = (): void => {
    if (!alive) throw new BackendError('lost', 'the program has been disposed of');
    device.check();
  };
  /** Address in bytes and number of values of a slot that the host may touch. */
  const touch = (id: SlotId): { at: number; count: number } => {
    check();
    const slot = plan.slots[id];
    const at = places.at[id];
    if (!slot || at === undefined || slot.life !== 'persistent')
      throw new RangeError(`slot ${id} cannot be read or written`);
    return { at: at * 4, count: sizeOf(slot.shape) };
  };
  return {
    write(slot, data) {
      const { at, count } = touch(slot);
      if (data.length !== count) throw new RangeError(`slot ${slot} holds ${count} values, not ${data.length}`);
      inbox.put(at, data);
    },
    run() {
      check();
      const encoder = gpu.createCommandEncoder();
      inbox.empty(encoder);
      const pass = encoder.beginComputePass();
      let current: GPUComputePipeline | undefined;
      dispatches.forEach(({ groups }, i) => {
        const pipeline = pipelines[i] as GPUComputePipeline;
        if (pipeline !== current) pass.setPipeline(pipeline);
        current = pipeline;
        pass.setBindGroup(0, group, [i * UNIFORM_BYTES]);
        pass.dispatchWorkgroups(...groups);
      });
      pass.end();
      gpu.queue.submit([encoder.finish()]);
      tally.dispatches += dispatches.length;
    },
    async read(slot) {
      const { at, count } = touch(slot);
      const encoder = gpu.createCommandEncoder();
      inbox.empty(encoder);
      const down = device.buffer('readback', count * 4, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      try {
        encoder.copyBufferToBuffer(arena, at, down, 0, count * 4);
        gpu.queue.submit([encoder.finish()]);
        tally.readbacks += 1;
        await down.mapAsync(GPUMapMode.READ);
        device.check();
        return new Float32Array(down.getMappedRange().slice(0, count * 4));
      } catch (error) {
        throw await device.explain(error);
      } finally {
        device.giveBack(down);
      }
    },
    dispose() {
      if (!alive) return;
      alive = false;
      inbox.dispose();
      device.giveBack(arena);
      device.giveBack(uniforms);
      table?.release();
    },
  };
}
