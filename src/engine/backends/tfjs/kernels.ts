/** The list of all kernels over TensorFlow.js: one entry for each operation of the contract. */
import { BackendError } from '#engine/backend';
import { convolutionKernels } from '#engine/backends/tfjs/convolution';
import { elementKernels } from '#engine/backends/tfjs/elements';
import { encodingKernels } from '#engine/backends/tfjs/encodings';
import type { Kernel, KernelContext, KernelFor, Kernels } from '#engine/backends/tfjs/kernel';
import { lossKernels } from '#engine/backends/tfjs/loss';
import { normalizationKernels } from '#engine/backends/tfjs/normalization';
import { poolingKernels } from '#engine/backends/tfjs/pooling';
import { shapingKernels } from '#engine/backends/tfjs/shaping';
import { updateKernels } from '#engine/backends/tfjs/update';
import type { BatchOpKind, Op, OpKind } from '#engine/ops';

type OwnKind = Exclude<OpKind, BatchOpKind>;

const KERNELS: Kernels<OwnKind> = {
  ...convolutionKernels,
  ...elementKernels,
  ...encodingKernels,
  ...lossKernels,
  ...normalizationKernels,
  ...poolingKernels,
  ...shapingKernels,
  ...updateKernels,
};

/** The kernel of one operation. */
export function kernelOf(op: Op, context: KernelContext): Kernel {
  const kernel = KERNELS[op.kind as OwnKind] as KernelFor<OpKind> | undefined;
  if (!kernel) throw new BackendError('unsupported', `${op.kind} is done by the host here`);
  return (inputs, shapes) => kernel(op, inputs, shapes, context);
}
