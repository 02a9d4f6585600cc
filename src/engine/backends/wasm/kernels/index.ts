/**
 * The kernels' only entry: `run` walks a program's commands, which the host wrote into memory when it compiled the
 * plan. A command is [number, words that follow, arguments]; arguments are addresses, integers or floats of 32 bits.
 */
import { pack, product, rowProduct } from './product';
import { productGradient } from './product-gradient';
import { columnsToImage, depthwise, depthwiseGradInput, depthwiseGradKernel } from './convolution';
import { copy, copyRows, fill, padImage, repeat, sumRuns, transpose, upsampleBilinear, upsampleNearest, upsampleNearestGrad } from './memory';
import { averagePool, averagePoolGrad, maxPool, maxPoolGrad } from './pooling';
import { batchNorm, batchNormGrad, batchNormTrain, batchNormTrainGrad, columnSums } from './normalization';
import { activation, activationGrad, binary, binaryBroadcast, movingAverage, penalty, prelu, preluGrad, scale, selectGrad, sumTo } from './elementwise';
import { accumulateMetrics, crossEntropy, crossEntropyGrad, oneHot, softmax, softmaxGrad } from './loss';
import { fakeQuantize, fakeQuantizeGrad, fakeQuantizeGradLast, fakeQuantizeLast, lookup, lookupGrad, optimize, scaleGrad, scaleGradLast } from './update';
import {
  K_PRODUCT, K_PACK, K_ROW_PRODUCT, K_PRODUCT_GRADIENT, K_COLUMNS_TO_IMAGE, K_DEPTHWISE, K_DEPTHWISE_GRAD_INPUT,
  K_DEPTHWISE_GRAD_KERNEL, K_FILL, K_COPY, K_COPY_ROWS, K_PAD_IMAGE, K_TRANSPOSE, K_REPEAT, K_SUM_RUNS,
  K_UPSAMPLE_NEAREST, K_UPSAMPLE_NEAREST_GRAD, K_UPSAMPLE_BILINEAR, K_MAX_POOL, K_MAX_POOL_GRAD, K_AVERAGE_POOL,
  K_AVERAGE_POOL_GRAD, K_COLUMN_SUMS, K_BATCH_NORM_TRAIN, K_BATCH_NORM, K_BATCH_NORM_TRAIN_GRAD, K_BATCH_NORM_GRAD,
  K_ACTIVATION, K_ACTIVATION_GRAD, K_PRELU, K_PRELU_GRAD, K_BINARY, K_BINARY_BROADCAST, K_SUM_TO, K_SELECT_GRAD,
  K_SCALE, K_MOVING_AVERAGE, K_PENALTY, K_SOFTMAX, K_SOFTMAX_GRAD, K_CROSS_ENTROPY, K_CROSS_ENTROPY_GRAD, K_METRICS,
  K_ONE_HOT, K_OPTIMIZE, K_FAKE_QUANTIZE, K_FAKE_QUANTIZE_LAST, K_FAKE_QUANTIZE_GRAD, K_FAKE_QUANTIZE_GRAD_LAST,
  K_LOOKUP, K_LOOKUP_GRAD, K_SCALE_GRAD, K_SCALE_GRAD_LAST, K_WINOGRAD, K_WINOGRAD_GRAD_INPUT, K_WINOGRAD_GRAD_KERNEL, K_WINOGRAD_IMAGES, K_WINOGRAD_KERNEL,
  K_WINOGRAD_PRODUCTS, K_WINOGRAD_RESULTS, CONTROL, DIVIDED, FROM, MOST_THREADS, TO,
} from './ids';
import { winograd, winogradGradInput, winogradGradKernel, winogradImages, winogradKernel, winogradProducts, winogradResults } from './winograd';
import { meet, nextRun, runWord } from './together';
import { part, parts, setThread, spill } from './simd';

export { setThread } from './simd';
export { runTogether, serve };

// @ts-ignore: decorator
@inline
function a(p: usize, index: usize): usize {
  return load<usize>(p + (index << 2));
}
// @ts-ignore: decorator
@inline
function i(p: usize, index: usize): i32 {
  return load<i32>(p + (index << 2));
}
// @ts-ignore: decorator
@inline
function f(p: usize, index: usize): f32 {
  return load<f32>(p + (index << 2));
}

/** Runs the commands from `from` up to `to`, or this thread's part of them. */
export function run(from: usize, to: usize): void {
  while (from < to) {
    step(load<i32>(from) & (DIVIDED - 1), from + 8);
    from += 8 + (load<usize>(from, 4) << 2);
  }
}

/**
 * Runs this thread's part of the commands beside the other threads: divided ones by all, the rest by the first thread.
 * They meet before and after what is divided. Returns 0 where a thread failed or did not come.
 */
function runTogether(from: usize, to: usize): i32 {
  const me = part;
  const all = parts;
  let before = false;
  let first = true;
  while (from < to) {
    const word = load<i32>(from);
    const divided = (word & DIVIDED) != 0;
    if ((divided || before) && !first && !meet(all)) return 0;
    first = false;
    before = divided;
    if (divided) step(word & (DIVIDED - 1), from + 8);
    else if (me == 0) {
      setThread(0, 1, spill);
      step(word, from + 8);
      setThread(0, all, spill);
    }
    from += 8 + (load<usize>(from, 4) << 2);
  }
  // Even where only the first thread worked last: until all are here, some may still be reading the commands.
  return meet(all) ? 1 : 0;
}

/** The life of a thread other than the first: takes part in the runs after `seen` that want it, until something fails. */
function serve(index: i32, spillAddress: usize, seen: i32): void {
  let spinning = true;
  for (;;) {
    if (!nextRun(seen, spinning)) return;
    seen = runWord();
    const count = seen & (2 * MOST_THREADS - 1);
    spinning = index < count;
    if (!spinning) continue;
    setThread(index, count, spillAddress);
    if (!runTogether(load<usize>(CONTROL + FROM), load<usize>(CONTROL + TO))) return;
  }
}

function step(kernel: i32, p: usize): void {
  switch (kernel) {
    case K_PRODUCT:
      product(a(p, 0), a(p, 1), a(p, 2), a(p, 3), f(p, 4), f(p, 5), i(p, 6), i(p, 7), i(p, 8), a(p, 9), a(p, 10), a(p, 11), a(p, 12), i(p, 13), i(p, 14), i(p, 15), a(p, 16));
      break;
    case K_PACK:
      pack(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7));
      break;
    case K_ROW_PRODUCT:
      rowProduct(a(p, 0), a(p, 1), a(p, 2), a(p, 3), f(p, 4), f(p, 5), i(p, 6), i(p, 7), i(p, 8));
      break;
    case K_PRODUCT_GRADIENT:
      productGradient(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), a(p, 9), a(p, 10), a(p, 11), a(p, 12), a(p, 13), i(p, 14), i(p, 15));
      break;
    case K_COLUMNS_TO_IMAGE:
      columnsToImage(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15), i(p, 16), i(p, 17), i(p, 18), i(p, 19), i(p, 20), i(p, 21), i(p, 22), i(p, 23));
      break;
    case K_DEPTHWISE:
      depthwise(a(p, 0), a(p, 1), a(p, 2), a(p, 3), f(p, 4), f(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15), i(p, 16), i(p, 17), i(p, 18), i(p, 19));
      break;
    case K_DEPTHWISE_GRAD_INPUT:
      depthwiseGradInput(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15), i(p, 16));
      break;
    case K_DEPTHWISE_GRAD_KERNEL:
      depthwiseGradKernel(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15), i(p, 16));
      break;
    case K_FILL:
      fill(a(p, 0), i(p, 1), f(p, 2));
      break;
    case K_COPY:
      copy(a(p, 0), a(p, 1), i(p, 2));
      break;
    case K_COPY_ROWS:
      copyRows(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5));
      break;
    case K_PAD_IMAGE:
      padImage(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9));
      break;
    case K_TRANSPOSE:
      transpose(a(p, 0), a(p, 1), i(p, 2), i(p, 3));
      break;
    case K_REPEAT:
      repeat(a(p, 0), a(p, 1), i(p, 2), i(p, 3));
      break;
    case K_SUM_RUNS:
      sumRuns(a(p, 0), a(p, 1), i(p, 2), i(p, 3));
      break;
    case K_UPSAMPLE_NEAREST:
      upsampleNearest(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7));
      break;
    case K_UPSAMPLE_NEAREST_GRAD:
      upsampleNearestGrad(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7));
      break;
    case K_UPSAMPLE_BILINEAR:
      upsampleBilinear(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7));
      break;
    case K_MAX_POOL:
      maxPool(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13));
      break;
    case K_MAX_POOL_GRAD:
      maxPoolGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15));
      break;
    case K_AVERAGE_POOL:
      averagePool(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13));
      break;
    case K_AVERAGE_POOL_GRAD:
      averagePoolGrad(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13));
      break;
    case K_COLUMN_SUMS:
      columnSums(a(p, 0), a(p, 1), i(p, 2), i(p, 3));
      break;
    case K_BATCH_NORM_TRAIN:
      batchNormTrain(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), a(p, 5), i(p, 6), i(p, 7), f(p, 8));
      break;
    case K_BATCH_NORM:
      batchNorm(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), a(p, 5), i(p, 6), i(p, 7), f(p, 8));
      break;
    case K_BATCH_NORM_TRAIN_GRAD:
      batchNormTrainGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), a(p, 5), a(p, 6), a(p, 7), i(p, 8), i(p, 9), f(p, 10));
      break;
    case K_BATCH_NORM_GRAD:
      batchNormGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), f(p, 6));
      break;
    case K_ACTIVATION:
      activation(a(p, 0), a(p, 1), i(p, 2), i(p, 3), f(p, 4), f(p, 5));
      break;
    case K_ACTIVATION_GRAD:
      activationGrad(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), f(p, 5), f(p, 6));
      break;
    case K_PRELU:
      prelu(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4));
      break;
    case K_PRELU_GRAD:
      preluGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6));
      break;
    case K_BINARY:
      binary(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4));
      break;
    case K_BINARY_BROADCAST:
      binaryBroadcast(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13));
      break;
    case K_SUM_TO:
      sumTo(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12));
      break;
    case K_SELECT_GRAD:
      selectGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), i(p, 6));
      break;
    case K_SCALE:
      scale(a(p, 0), a(p, 1), i(p, 2), f(p, 3), f(p, 4));
      break;
    case K_MOVING_AVERAGE:
      movingAverage(a(p, 0), a(p, 1), i(p, 2), f(p, 3), f(p, 4));
      break;
    case K_PENALTY:
      penalty(a(p, 0), a(p, 1), a(p, 2), i(p, 3), f(p, 4), f(p, 5));
      break;
    case K_SOFTMAX:
      softmax(a(p, 0), a(p, 1), i(p, 2), i(p, 3), f(p, 4));
      break;
    case K_SOFTMAX_GRAD:
      softmaxGrad(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4));
      break;
    case K_CROSS_ENTROPY:
      crossEntropy(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), f(p, 5), i(p, 6));
      break;
    case K_CROSS_ENTROPY_GRAD:
      crossEntropyGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), f(p, 6), f(p, 7));
      break;
    case K_METRICS:
      accumulateMetrics(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6));
      break;
    case K_ONE_HOT:
      oneHot(a(p, 0), a(p, 1), i(p, 2), i(p, 3), f(p, 4), f(p, 5));
      break;
    case K_OPTIMIZE:
      optimize(i(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), a(p, 5), a(p, 6), i(p, 7), f(p, 8), f(p, 9), f(p, 10), f(p, 11), f(p, 12));
      break;
    case K_FAKE_QUANTIZE:
      fakeQuantize(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), i(p, 6), f(p, 7), f(p, 8));
      break;
    case K_FAKE_QUANTIZE_LAST:
      fakeQuantizeLast(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), f(p, 6), f(p, 7));
      break;
    case K_FAKE_QUANTIZE_GRAD:
      fakeQuantizeGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6), i(p, 7), f(p, 8), f(p, 9));
      break;
    case K_FAKE_QUANTIZE_GRAD_LAST:
      fakeQuantizeGradLast(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6), f(p, 7), f(p, 8));
      break;
    case K_LOOKUP:
      lookup(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4));
      break;
    case K_LOOKUP_GRAD:
      lookupGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5));
      break;
    case K_SCALE_GRAD:
      scaleGrad(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6), i(p, 7), f(p, 8), f(p, 9));
      break;
    case K_SCALE_GRAD_LAST:
      scaleGradLast(a(p, 0), a(p, 1), a(p, 2), a(p, 3), a(p, 4), i(p, 5), i(p, 6), f(p, 7), f(p, 8));
      break;
    case K_WINOGRAD_KERNEL:
      winogradKernel(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), a(p, 7), a(p, 8));
      break;
    case K_WINOGRAD:
      winograd(a(p, 0), a(p, 1), a(p, 2), f(p, 3), f(p, 4), a(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), i(p, 14), i(p, 15), i(p, 16), a(p, 17), a(p, 18), a(p, 19));
      break;
    case K_WINOGRAD_GRAD_INPUT:
      winogradGradInput(a(p, 0), a(p, 1), a(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), i(p, 12), i(p, 13), a(p, 14), a(p, 15), a(p, 16));
      break;
    case K_WINOGRAD_IMAGES:
      winogradImages(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), i(p, 8), i(p, 9), i(p, 10), i(p, 11), a(p, 12), a(p, 13));
      break;
    case K_WINOGRAD_RESULTS:
      winogradResults(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7), a(p, 8), a(p, 9));
      break;
    case K_WINOGRAD_PRODUCTS:
      winogradProducts(a(p, 0), a(p, 1), a(p, 2), a(p, 3), i(p, 4), i(p, 5), i(p, 6), i(p, 7));
      break;
    case K_WINOGRAD_GRAD_KERNEL:
      winogradGradKernel(a(p, 0), a(p, 1), i(p, 2), i(p, 3), i(p, 4), a(p, 5), a(p, 6));
      break;
    default:
      unreachable();
  }
}
