/**
 * Reverse mode over a plan's own steps: walks them backwards and appends the operations that carry gradients from the
 * outputs to what is trained. A value with several readers gets the sum of their gradients; nothing is computed for
 * values that no trained parameter feeds (the first layer's input, everything below the last frozen layer).
 */
import { sameShape } from '#core/model/shapes';
import type { SlotId, Step } from '#engine/backend';
import { EngineError } from '#engine/errors';
import { type ElementFn, isFusable, type Op } from '#engine/ops';
import { type Builder, binary, product, scaled } from '#engine/plan/builder';
import { totals } from '#engine/plan/grids';

/** Gradients by slot. */
export type Gradients = ReadonlyMap<SlotId, SlotId>;

/**
 * Appends the reverse of `forward` (steps already in the builder). `seeds` are gradients of some of its outputs;
 * `wanted` the slots whose gradients are asked for.
 */
export function reverse(
  b: Builder,
  forward: readonly Step[],
  seeds: Gradients,
  wanted: ReadonlySet<SlotId>,
): Gradients {
  const needed = new Set(wanted);
  for (const step of forward) {
    if (step.inputs.some((slot) => needed.has(slot))) for (const slot of step.outputs) needed.add(slot);
  }
  const gradients = new Map(seeds);
  const add = (slot: SlotId | undefined, make: () => SlotId): void => {
    if (slot === undefined || !needed.has(slot)) return;
    const gradient = make();
    const other = gradients.get(slot);
    gradients.set(slot, other === undefined ? gradient : binary(b, 'add', other, gradient));
  };
  for (let i = forward.length - 1; i >= 0; i--) {
    const step = forward[i] as Step;
    const dy = gradients.get(step.outputs[0] as SlotId);
    if (dy !== undefined && step.inputs.some((slot) => needed.has(slot))) reverseStep(b, step, dy, add);
  }
  return gradients;
}

type Add = (slot: SlotId | undefined, make: () => SlotId) => void;

function reverseStep(b: Builder, step: Step, dy: SlotId, add: Add): void {
  const { op } = step;
  const [x, second, third] = step.inputs as [SlotId, SlotId, SlotId | undefined];
  const y = step.outputs[0] as SlotId;
  const like = (slot: SlotId) => b.shape(slot);
  switch (op.kind) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const dz = beforeActivation(b, op.act, dy, y);
      add(x, () => b.push({ kind: `${op.kind}GradInput`, window: op.window }, [dz, second], like(x)));
      add(second, () => b.push({ kind: `${op.kind}GradKernel`, window: op.window }, [x, dz], like(second)));
      add(third, () => b.push({ kind: 'biasGrad' }, [dz], like(third as SlotId)));
      return;
    }
    case 'matmul': {
      if (op.transposeA || op.transposeB) throw new Error('no gradient of a transposed product');
      const dz = beforeActivation(b, op.act, dy, y);
      add(x, () => product(b, dz, second, false, true));
      add(second, () => product(b, x, dz, true, false));
      add(third, () => b.push({ kind: 'biasGrad' }, [dz], like(third as SlotId)));
      return;
    }
    case 'maxPool2d':
      add(x, () => b.push({ kind: 'maxPool2dGrad', size: op.size, window: op.window }, [x, y, dy], like(x)));
      return;
    case 'averagePool2d':
      add(x, () => b.push({ kind: 'averagePool2dGrad', size: op.size, window: op.window }, [dy], like(x)));
      return;
    case 'batchNormTrain': {
      const [, mean, variance] = step.outputs as [SlotId, SlotId, SlotId];
      const inputs = [x, second, mean, variance, dy];
      const all = b.pushAll({ kind: 'batchNormTrainGrad', epsilon: op.epsilon }, inputs, [
        like(x),
        like(second),
        like(second),
      ]);
      const [dx, dGamma, dBeta] = all as [SlotId, SlotId, SlotId];
      add(x, () => dx);
      add(second, () => dGamma);
      add(third, () => dBeta);
      return;
    }
    case 'batchNorm': {
      const [mean, variance] = [step.inputs[3] as SlotId, step.inputs[4] as SlotId];
      add(second, () => gammaGrad(b, op, [x, mean, variance], dy));
      add(third, () => b.push({ kind: 'biasGrad' }, [dy], like(second)));
      add(x, () => b.push({ kind: 'batchNormGrad', epsilon: op.epsilon }, [second, variance, dy], like(x)));
      return;
    }
    case 'activation':
      add(x, () => b.push({ kind: 'activationGrad', act: op.act }, [dy, isFusable(op.act.fn) ? y : x], like(x)));
      return;
    case 'prelu': {
      const [dx, dAlpha] = b.pushAll({ kind: 'preluGrad' }, [x, second, dy], [like(x), like(second)]) as [
        SlotId,
        SlotId,
      ];
      add(x, () => dx);
      add(second, () => dAlpha);
      return;
    }
    case 'softmax':
      if (op.temperature !== 1) throw new Error('no gradient of a tempered softmax');
      add(x, () => b.push({ kind: 'softmaxGrad' }, [y, dy], like(x)));
      return;
    case 'binary':
      reverseBinary(b, op.fn, x, second, dy, add);
      return;
    case 'scale':
      add(x, () => scaled(b, dy, op.scale));
      return;
    case 'concat': {
      let begin = 0;
      for (const input of step.inputs) {
        const at = begin;
        const size = like(input).at(-1) as number;
        add(input, () => b.push({ kind: 'sliceLast', begin: at, size }, [dy], like(input)));
        begin += size;
      }
      return;
    }
    case 'pad2d': {
      const [top, bottom, left, right] = op.pads;
      add(x, () => b.push({ kind: 'pad2d', pads: [-top, -bottom, -left, -right] }, [dy], like(x)));
      return;
    }
    case 'upsample2d':
      if (op.interpolation === 'bilinear') throw notTrainable();
      add(x, () => b.push({ kind: 'upsample2dGrad', size: op.size }, [dy], like(x)));
      return;
    case 'reshape':
      add(x, () => b.push({ kind: 'reshape' }, [dy], like(x)));
      return;
    case 'fakeQuantize': {
      const { qMin, qMax, axis } = op;
      const inputs = [x, second, third as SlotId, dy];
      add(x, () => b.push({ kind: 'fakeQuantizeGrad', qMin, qMax, axis }, inputs, like(x)));
      add(second, () => totals(b, b.push({ kind: 'fakeQuantizeScaleGrad', qMin, qMax, axis }, inputs, like(x)), axis));
      return;
    }
    case 'lookup':
      add(x, () => b.push({ kind: 'lookupGrad' }, [second, dy], like(x)));
      return;
    default:
      throw new Error(`no gradient of ${op.kind}`);
  }
}

/** With moving statistics: the gradient of gamma is the sum of dy times the normalised values. */
function gammaGrad(
  b: Builder,
  op: Op & { kind: 'batchNorm' },
  [x, mean, variance]: readonly [SlotId, SlotId, SlotId],
  dy: SlotId,
): SlotId {
  const channels = b.shape(mean);
  const ones = b.persistent(channels, new Float32Array(channels[0] as number).fill(1));
  const normalised = b.push(op, [x, ones, b.persistent(channels), mean, variance], b.shape(x));
  return b.push({ kind: 'biasGrad' }, [binary(b, 'multiply', dy, normalised)], channels);
}

/** The gradient before a fused activation. */
function beforeActivation(b: Builder, act: ElementFn, dy: SlotId, y: SlotId): SlotId {
  return act.fn === 'linear' ? dy : b.push({ kind: 'activationGrad', act }, [dy, y], b.shape(y));
}

function reverseBinary(
  b: Builder,
  fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum',
  left: SlotId,
  right: SlotId,
  dy: SlotId,
  add: Add,
): void {
  const summed = (gradient: SlotId): SlotId =>
    sameShape(b.shape(right), b.shape(left)) ? gradient : b.push({ kind: 'sumTo' }, [gradient], b.shape(right));
  switch (fn) {
    case 'add':
      add(left, () => dy);
      add(right, () => summed(dy));
      return;
    case 'subtract':
      add(left, () => dy);
      add(right, () => scaled(b, summed(dy), -1));
      return;
    case 'multiply':
      add(left, () => binary(b, 'multiply', dy, right));
      add(right, () => summed(binary(b, 'multiply', dy, left)));
      return;
    case 'maximum':
    case 'minimum':
      add(left, () => b.push({ kind: 'selectGrad', fn, of: 'first' }, [left, right, dy], b.shape(left)));
      add(right, () => summed(b.push({ kind: 'selectGrad', fn, of: 'second' }, [left, right, dy], b.shape(left))));
      return;
    default:
      throw fn satisfies never;
  }
}

function notTrainable(): EngineError {
  return new EngineError('plan', {
    en: 'This model enlarges images with bilinear interpolation, which cannot be trained through here. Freeze the layers before it, or use nearest-neighbour enlargement.',
    zh: '该模型使用双线性插值放大图像，此处无法对其之前的层进行训练。请冻结其之前的层，或改用最近邻放大。',
  });
}
