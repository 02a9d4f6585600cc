/** The contract of a way to grow trees. One way = one file beside this one. Trees become members like any model. */
import type { NumberParam, Params, ValuesOf, Words } from '#core/params';
import type { PassContext } from '#core/pass';
import type { Forest } from '#core/predictor';

/** What growing needs of a pass's context. */
export type GrowContext = Pick<PassContext, 'random' | 'signal' | 'progress' | 'pause'>;
export interface GrowData {
  /** Row-major [images, features] of training images. */
  readonly features: Float32Array;
  /** [images]: class indices. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}
export interface TreeMethodDefinition<P extends Params> {
  /** The file's name. */
  readonly id: string;
  readonly words: {
    readonly title: Words;
    readonly help: Words;
    readonly cost: Words;
    readonly pays: Words;
    readonly paper: string;
  };
  readonly params: P;
  /** Throws the signal's reason. */
  readonly grow: (data: GrowData, values: ValuesOf<P>, context: GrowContext) => Promise<Forest>;
}
/** A way with its types forgotten, as lists hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds ways of every parameter type
export type TreeMethod = TreeMethodDefinition<any>;

export function defineTreeMethod<P extends Params>(method: TreeMethodDefinition<P>): TreeMethodDefinition<P> {
  return method;
}

export function wholeParam(value: number, min: number, max: number, label: Words): NumberParam {
  return { kind: 'number', min, max, step: 1, default: value, control: 'field', label };
}
export const DEPTH: Words = { en: 'Depth', zh: '深度' };
export const LEAST: Words = { en: 'Images in a leaf, at least', zh: '叶节点最少图片数' };
export const TREES: Words = { en: 'Trees', zh: '树的数量' };

/** Lets what waits go first, then looks at the signal. */
export async function pauseIn({ pause, signal }: GrowContext): Promise<void> {
  await pause?.();
  signal.throwIfAborted();
}
