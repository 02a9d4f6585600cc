/** The kernels' numbers for the contract's names. */
import type { ElementFn, Op } from '#engine/ops';
import * as ids from './kernels/ids';

const FUNCTIONS: Readonly<Record<ElementFn['fn'], number>> = {
  linear: ids.LINEAR,
  relu: ids.RELU,
  leakyRelu: ids.LEAKY_RELU,
  sigmoid: ids.SIGMOID,
  tanh: ids.TANH,
  exponential: ids.EXPONENTIAL,
  elu: ids.ELU,
  selu: ids.SELU,
  softplus: ids.SOFTPLUS,
  softsign: ids.SOFTSIGN,
  hardSigmoid: ids.HARD_SIGMOID,
  swish: ids.SWISH,
  gelu: ids.GELU,
  sign: ids.SIGN,
};
export const functionNumber = (fn: ElementFn['fn']): number => FUNCTIONS[fn];

type BinaryFn = Extract<Op, { kind: 'binary' }>['fn'];
const BINARIES: Readonly<Record<BinaryFn, number>> = {
  add: ids.ADD,
  subtract: ids.SUBTRACT,
  multiply: ids.MULTIPLY,
  maximum: ids.MAXIMUM,
  minimum: ids.MINIMUM,
};
export const binaryNumber = (fn: BinaryFn): number => BINARIES[fn];
