/**
 * The methods, in the order of the menu. Adding one is a file beside this one and a line here.
 */
import type { Pass } from '#core/pass';
import { activationPruning } from '#core/passes/activation-pruning';
import { adaptiveRounding } from '#core/passes/adaptive-rounding';
import { alikeSharing } from '#core/passes/alike-sharing';
import { batchNormStatistics } from '#core/passes/batch-norm-statistics';
import { biasCorrection } from '#core/passes/bias-correction';
import { biasQuantization } from '#core/passes/bias-quantization';
import { binaryWeights } from '#core/passes/binary-weights';
import { blockPruning } from '#core/passes/block-pruning';
import { channelPruning } from '#core/passes/channel-pruning';
import { clipping } from '#core/passes/clipping';
import { clusteredTraining } from '#core/passes/clustered-training';
import { crossLayerEqualisation } from '#core/passes/cross-layer-equalisation';
import { depthScaling } from '#core/passes/depth-scaling';
import { distillation } from '#core/passes/distillation';
import { fineTuning } from '#core/passes/fine-tuning';
import { foldBatchNorm } from '#core/passes/fold-batch-norm';
import { gradualChannelPruning } from '#core/passes/gradual-channel-pruning';
import { gradualPruning } from '#core/passes/gradual-pruning';
import { halfPrecision } from '#core/passes/half-precision';
import { hebbianPruning } from '#core/passes/hebbian-pruning';
import { lampPruning } from '#core/passes/lamp-pruning';
import { layerRemoval } from '#core/passes/layer-removal';
import { lowRankConvolution } from '#core/passes/low-rank-convolution';
import { lowRankDense } from '#core/passes/low-rank-dense';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { mergeChannels } from '#core/passes/merge-channels';
import { mixedPrecision } from '#core/passes/mixed-precision';
import { nmPruning } from '#core/passes/n-m-pruning';
import { networkSurgery } from '#core/passes/network-surgery';
import { newHead } from '#core/passes/new-head';
import { pooledHead } from '#core/passes/pooled-head';
import { quantizationAwareTraining } from '#core/passes/quantization-aware-training';
import { randomPruning } from '#core/passes/random-pruning';
import { simplerConvolutions } from '#core/passes/simpler-convolutions';
import { snipPruning } from '#core/passes/snip-pruning';
import { staticQuantization } from '#core/passes/static-quantization';
import { swapActivations } from '#core/passes/swap-activations';
import { taylorPruning } from '#core/passes/taylor-pruning';
import { ternaryWeights } from '#core/passes/ternary-weights';
import { wandaPruning } from '#core/passes/wanda-pruning';
import { weightQuantization } from '#core/passes/weight-quantization';
import { weightSharing } from '#core/passes/weight-sharing';
import { widthScaling } from '#core/passes/width-scaling';

export const PASSES: readonly Pass[] = [
  magnitudePruning,
  lampPruning,
  wandaPruning,
  taylorPruning,
  snipPruning,
  hebbianPruning,
  activationPruning,
  randomPruning,
  gradualPruning,
  networkSurgery,
  nmPruning,
  blockPruning,
  channelPruning,
  gradualChannelPruning,
  layerRemoval,
  clipping,
  crossLayerEqualisation,
  weightQuantization,
  staticQuantization,
  mixedPrecision,
  adaptiveRounding,
  biasCorrection,
  quantizationAwareTraining,
  ternaryWeights,
  binaryWeights,
  halfPrecision,
  biasQuantization,
  weightSharing,
  clusteredTraining,
  alikeSharing,
  mergeChannels,
  lowRankDense,
  lowRankConvolution,
  foldBatchNorm,
  batchNormStatistics,
  swapActivations,
  widthScaling,
  depthScaling,
  simplerConvolutions,
  pooledHead,
  newHead,
  distillation,
  fineTuning,
];

/** The pass with this id, or undefined. */
export function passById(id: string): Pass | undefined {
  return PASSES.find((pass) => pass.id === id);
}
