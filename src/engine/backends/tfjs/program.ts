/**
 * A plan run step by step on a TensorFlow.js backend. The program manages every tensor itself: temporaries are disposed
 * at their last reader, persistent slots keep one tensor each, nothing else outlives a step. TensorFlow.js keeps one
 * current backend for the whole process, so each entry point names its own first.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '#core/model/tensor';
import { BackendError, type Plan, type Program, type SlotId, type Step } from '#engine/backend';
import type { Kernel, KernelContext } from '#engine/backends/tfjs/kernel';
import { kernelOf } from '#engine/backends/tfjs/kernels';

/** What a program needs from the backend that made it. */
export interface TfjsHost {
  /** Name under which TensorFlow.js knows the backend. */
  readonly name: string;
  readonly context: KernelContext;
  /** Throws where the device is gone or a shader failed. */
  check(): void;
  onUpload(): void;
  onReadback(): void;
}

interface Action {
  readonly kernel: Kernel;
  readonly step: Step;
  readonly shapes: readonly (readonly number[])[];
  /** Temporaries that nobody reads after this step. */
  readonly spent: readonly SlotId[];
}

/** Compiles a plan; nothing runs yet. Persistent slots start at 0. */
export function tfjsProgram(host: TfjsHost, plan: Plan): Program {
  use(host);
  const held: (tf.Tensor | undefined)[] = plan.slots.map((slot) =>
    slot.life === 'persistent' ? tf.zeros([...slot.shape]) : undefined,
  );
  const actions = schedule(plan, host.context);
  let disposed = false;
  const persistent = (slot: SlotId): tf.Tensor => {
    const tensor = held[slot];
    if (disposed || plan.slots[slot]?.life !== 'persistent' || !tensor)
      throw new Error(`slot ${slot} cannot be reached`);
    return tensor;
  };
  return {
    write(slot, data) {
      host.check();
      const old = persistent(slot);
      if (data.length !== old.size) throw new Error(`slot ${slot} holds ${old.size} values, not ${data.length}`);
      use(host);
      held[slot] = tf.tensor(data.slice(), old.shape, 'float32');
      old.dispose();
      host.onUpload();
    },
    run() {
      host.check();
      if (disposed) throw new Error('the program was disposed');
      use(host);
      for (const { kernel, step, shapes, spent } of actions) {
        const inputs = step.inputs.map((slot) => held[slot] as tf.Tensor);
        const outputs = owned(inputs, () => kernel(inputs, shapes));
        step.outputs.forEach((slot, i) => {
          held[slot]?.dispose();
          held[slot] = outputs[i] as tf.Tensor;
        });
        for (const slot of spent) {
          held[slot]?.dispose();
          held[slot] = undefined;
        }
      }
    },
    async read(slot) {
      host.check();
      const tensor = persistent(slot);
      host.onReadback();
      let data: Float32Array;
      try {
        data = (await tensor.data()) as Float32Array;
      } catch (error) {
        host.check();
        throw new BackendError('lost', error instanceof Error ? error.message : String(error));
      }
      host.check();
      return data.slice(0, sizeOf(tensor.shape));
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const tensor of held) tensor?.dispose();
    },
  };
}

/** TensorFlow.js sets the current backend at once where it is already made. */
function use(host: TfjsHost): void {
  if (tf.getBackend() !== host.name) void tf.setBackend(host.name);
}

/** Runs a kernel and keeps only its results; a result that is an input becomes a tensor of its own. */
function owned(inputs: readonly tf.Tensor[], run: () => readonly tf.Tensor[]): readonly tf.Tensor[] {
  return tf.tidy(() => run().map((tensor) => (inputs.includes(tensor) ? tensor.clone() : tensor)) as tf.Tensor[]);
}

function schedule(plan: Plan, context: KernelContext): Action[] {
  const lastReader = new Map<SlotId, number>();
  plan.steps.forEach((step, i) => {
    for (const slot of [...step.inputs, ...step.outputs]) lastReader.set(slot, i);
  });
  return plan.steps.map((step, i) => ({
    step,
    kernel: kernelOf(step.op, context),
    shapes: step.outputs.map((slot) => plan.slots[slot]?.shape ?? []),
    spent: [...new Set([...step.inputs, ...step.outputs])].filter(
      (slot) => plan.slots[slot]?.life === 'temporary' && lastReader.get(slot) === i,
    ),
  }));
}
