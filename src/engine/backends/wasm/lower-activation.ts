/** Activations of what a product or a convolution gives: ReLU as it stores, others over the output in place. */
import { sizeOf } from '#core/model/tensor';
import type { ElementFn } from '#engine/ops';
import { bits, type Writer } from './commands';
import { K_ACTIVATION } from './kernels/ids';
import { functionNumber } from './numbers';

/** The clamp that a product applies as it stores: ReLU, or nothing. */
export function clamp(act: ElementFn): [number, number] {
  return act.fn === 'relu'
    ? [bits(0), bits(act.max)]
    : [bits(Number.NEGATIVE_INFINITY), bits(Number.POSITIVE_INFINITY)];
}
/** Activations other than ReLU go over the output in place. */
export function activate(w: Writer, y: number, act: ElementFn): void {
  if (act.fn === 'relu' || act.fn === 'linear') return;
  w.emit(K_ACTIVATION, w.at(y), w.at(y), sizeOf(w.shape(y)), functionNumber(act.fn), bits(act.alpha), bits(act.max));
}
