/**
 * Which commands are worth dividing among threads: those whose work takes longer than the threads' meeting before and
 * after it. The estimates are nanoseconds of one thread with relaxed SIMD, right to about a factor of two.
 *
 * Measured (Chromium 156, two cores): two threads meet in 0.1 microseconds where both have a core, in 10 where other
 * work takes the cores and they sleep. The threshold lies between: it leaves alone what is small anyway. With it the
 * commands of a training step of batch 64 divide into 2 parts of 0.50 to 0.52 of the whole, 4 of 0.25 to 0.27 and 8 of
 * 0.13 to 0.15 (longest part of each command), in 13 to 86 meetings.
 */
import * as ids from './kernels/ids';

/** Nanoseconds from which a command is divided. */
const WORTH = 4000;

/** Multiply-adds a nanosecond in a product. */
const PRODUCT = 24;
/** Floats a nanosecond that are moved or go through simple arithmetic, and through exp and the like. */
const SIMPLE = 3;
const COSTLY = 0.5;

type Estimate = (words: readonly number[]) => number;
const times =
  (places: readonly number[], perNanosecond: number): Estimate =>
  (words) =>
    places.reduce((product, place) => product * (words[place] ?? 1), 1 / perNanosecond);

/** By kernel, from the arguments that ids.ts lists. A kernel that is not here has one thread. */
const ESTIMATES: Readonly<Record<number, Estimate>> = {
  [ids.K_PRODUCT]: times([6, 13, 14, 15], PRODUCT),
  [ids.K_PACK]: times([2, 4, 5], SIMPLE),
  [ids.K_ROW_PRODUCT]: times([6, 7, 8], PRODUCT / 4),
  [ids.K_PRODUCT_GRADIENT]: times([4, 5, 6, 7, 8], PRODUCT),
  [ids.K_COLUMNS_TO_IMAGE]: (words) =>
    times([6, 10, 11, 12, 15, 16], SIMPLE)(words) + times([6, 10, 11, 12, 14, 15, 16], PRODUCT)(words),
  [ids.K_DEPTHWISE]: times([6, 9, 10, 11, 12, 13], PRODUCT / 4),
  [ids.K_DEPTHWISE_GRAD_INPUT]: times([3, 4, 5, 6, 9, 10], PRODUCT / 8),
  [ids.K_DEPTHWISE_GRAD_KERNEL]: times([3, 6, 7, 8, 9, 10], PRODUCT / 4),
  [ids.K_FILL]: times([1], SIMPLE),
  [ids.K_COPY]: times([2], SIMPLE),
  [ids.K_COPY_ROWS]: times([2, 3], 4 * SIMPLE),
  [ids.K_PAD_IMAGE]: times([2, 5, 8, 9], 4 * SIMPLE),
  [ids.K_TRANSPOSE]: times([2, 3], COSTLY),
  [ids.K_REPEAT]: times([2, 3], COSTLY),
  [ids.K_SUM_RUNS]: times([2, 3], COSTLY),
  [ids.K_UPSAMPLE_NEAREST]: times([2, 3, 4, 5, 6, 7], 4 * SIMPLE),
  [ids.K_UPSAMPLE_NEAREST_GRAD]: times([2, 3, 4, 5, 6, 7], 4 * SIMPLE),
  [ids.K_UPSAMPLE_BILINEAR]: times([2, 3, 4, 5, 6, 7], COSTLY),
  [ids.K_MAX_POOL]: times([2, 5, 6, 7, 8, 9], SIMPLE),
  [ids.K_MAX_POOL_GRAD]: times([4, 7, 8, 9, 10, 11], SIMPLE / 2),
  [ids.K_AVERAGE_POOL]: times([2, 5, 6, 7, 8, 9], SIMPLE),
  [ids.K_AVERAGE_POOL_GRAD]: times([2, 5, 6, 7, 8, 9], SIMPLE / 2),
  // Four channels at a time: fewer have nothing to divide.
  [ids.K_COLUMN_SUMS]: (words) => ((words[3] ?? 0) > 4 ? times([2, 3], SIMPLE)(words) : 0),
  [ids.K_BATCH_NORM_TRAIN]: times([6, 7], SIMPLE / 4),
  [ids.K_BATCH_NORM]: times([6, 7], SIMPLE),
  [ids.K_BATCH_NORM_TRAIN_GRAD]: times([8, 9], SIMPLE / 4),
  [ids.K_BATCH_NORM_GRAD]: times([4, 5], SIMPLE),
  [ids.K_ACTIVATION]: (words) => times([2], words[3] === ids.RELU ? SIMPLE : COSTLY)(words),
  [ids.K_ACTIVATION_GRAD]: (words) => times([3], words[4] === ids.RELU ? SIMPLE : COSTLY)(words),
  [ids.K_PRELU]: times([3, 4], SIMPLE),
  [ids.K_PRELU_GRAD]: times([5, 6], SIMPLE / 2),
  [ids.K_BINARY]: times([3], SIMPLE),
  [ids.K_BINARY_BROADCAST]: times([4, 5, 6, 7, 8], SIMPLE),
  [ids.K_SELECT_GRAD]: times([4], SIMPLE),
  [ids.K_SCALE]: times([2], SIMPLE),
  [ids.K_MOVING_AVERAGE]: times([2], SIMPLE),
  [ids.K_PENALTY]: times([3], SIMPLE / 2),
  [ids.K_SOFTMAX]: times([2, 3], COSTLY),
  [ids.K_SOFTMAX_GRAD]: times([3, 4], COSTLY),
  [ids.K_CROSS_ENTROPY]: times([3, 4], COSTLY),
  [ids.K_CROSS_ENTROPY_GRAD]: times([4, 5], COSTLY),
  [ids.K_ONE_HOT]: times([2, 3], COSTLY),
  [ids.K_OPTIMIZE]: times([7], SIMPLE / 4),
  [ids.K_FAKE_QUANTIZE]: times([4, 5, 6], SIMPLE / 2),
  [ids.K_FAKE_QUANTIZE_LAST]: times([4, 5], SIMPLE / 2),
  [ids.K_FAKE_QUANTIZE_GRAD]: times([5, 6, 7], SIMPLE / 2),
  [ids.K_FAKE_QUANTIZE_GRAD_LAST]: times([5, 6], SIMPLE / 2),
  [ids.K_SCALE_GRAD]: times([5, 6, 7], SIMPLE / 2),
  [ids.K_SCALE_GRAD_LAST]: times([5, 6], SIMPLE / 2),
  [ids.K_WINOGRAD_KERNEL]: times([3, 4], 1 / 50),
  [ids.K_WINOGRAD]: times([6, 9, 10, 11, 12], PRODUCT / 12),
  [ids.K_WINOGRAD_GRAD_INPUT]: times([3, 6, 7, 8, 9], PRODUCT / 12),
  [ids.K_WINOGRAD_IMAGES]: times([3, 6, 8], 1 / 10),
  [ids.K_WINOGRAD_RESULTS]: times([3, 5, 6], 1 / 10),
  [ids.K_WINOGRAD_PRODUCTS]: times([4, 5, 6], PRODUCT / 36),
  [ids.K_WINOGRAD_GRAD_KERNEL]: times([3, 4], 1 / 50),
  [ids.K_LOOKUP]: times([3], COSTLY),
};

/** Whether a command with these arguments is to be divided. */
export function isWorthDividing(kernel: number, words: readonly number[]): boolean {
  return (ESTIMATES[kernel]?.(words) ?? 0) >= WORTH;
}
