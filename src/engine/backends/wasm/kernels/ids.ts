/**
 * Numbers that the host and the kernels agree on: plain TypeScript that is also AssemblyScript, imported by both.
 * A program's steps are commands in memory: number, words of arguments, arguments (32 bits each).
 */

/** Set in a command's number where its work is divided among the threads. */
export const DIVIDED = 256;
/** At most so many threads; a power of two. */
export const MOST_THREADS = 8;
/** 256 bytes for each thread, the first one's topmost, up to the end of the first page: where ragged tiles are put. */
export const SPILLS_END = 65536;
export const SPILL_BYTES = 256;
/** What the threads agree by, in words of 32 bits a cache line apart; behind RUN and STAGE: how many sleep on them. */
export const CONTROL = 61440;
/** Number of the run times 2 * MOST_THREADS, plus how many threads take part in it. */
export const RUN = 0;
/** How often the threads have met. */
export const STAGE = 64;
/** How many of them have arrived where they meet next. */
export const ARRIVED = 128;
/** Not 0 once a thread has failed or the backend has been disposed of. */
export const FAILED = 192;
/** Commands of the run. */
export const FROM = 256;
export const TO = 260;
/** Half seconds after which a thread that does not come is given up. */
export const PATIENCE = 264;

export const LINEAR = 0;
export const RELU = 1;
export const LEAKY_RELU = 2;
export const SIGMOID = 3;
export const TANH = 4;
export const EXPONENTIAL = 5;
export const ELU = 6;
export const SELU = 7;
export const SOFTPLUS = 8;
export const SOFTSIGN = 9;
export const HARD_SIGMOID = 10;
export const SWISH = 11;
export const GELU = 12;
export const SIGN = 13;

export const ADD = 0;
export const SUBTRACT = 1;
export const MULTIPLY = 2;
export const MAXIMUM = 3;
export const MINIMUM = 4;

export const SGD = 0;
export const MOMENTUM = 1;
export const ADAM = 2;

/** x, y, packed, bias, lo, hi, m, oh, ow, stepX, stepY, stepN, jumps, runs, length, n, ldc */
export const K_PRODUCT = 1;
/** source, target, taps, tapStep, kPer, n, ld, transposed */
export const K_PACK = 2;
/** x, w, bias, y, lo, hi, m, n, k */
export const K_ROW_PRODUCT = 3;
/** x, dy, out, offsets, k, n, images, oh, ow, stepX, stepY, stepN, stepQ, ldo, block, add */
export const K_PRODUCT_GRADIENT = 4;
/** dy, dx, packed, scratch, scratchBytes, chunk, n, h, w, c, cg, oh, ow, o, og, kh, kw, sy, sx, top, left, dy0, dx0, clear */
export const K_COLUMNS_TO_IMAGE = 5;
/** x, kernel, bias, y, lo, hi, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left, dy0, dx0 */
export const K_DEPTHWISE = 6;
/** dy, kernel, dx, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left, dy0, dx0 */
export const K_DEPTHWISE_GRAD_INPUT = 7;
/** x, dy, dk, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left, dy0, dx0 */
export const K_DEPTHWISE_GRAD_KERNEL = 8;
/** y, count, value */
export const K_FILL = 9;
/** x, y, count */
export const K_COPY = 10;
/** x, y, rows, bytes, stepX, stepY */
export const K_COPY_ROWS = 11;
/** x, y, n, h, w, pixel, top, left, oh, ow */
export const K_PAD_IMAGE = 12;
/** x, y, rows, cols */
export const K_TRANSPOSE = 13;
/** x, y, values, times */
export const K_REPEAT = 14;
/** x, y, values, times */
export const K_SUM_RUNS = 15;
/** x, y, n, h, w, pixel, sy, sx */
export const K_UPSAMPLE_NEAREST = 16;
/** dy, dx, n, h, w, pixel, sy, sx */
export const K_UPSAMPLE_NEAREST_GRAD = 17;
/** x, y, n, h, w, c, sy, sx */
export const K_UPSAMPLE_BILINEAR = 18;
/** x, y, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left */
export const K_MAX_POOL = 19;
/** x, y, dy, dx, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left */
export const K_MAX_POOL_GRAD = 20;
/** x, y, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left */
export const K_AVERAGE_POOL = 21;
/** dy, dx, n, h, w, c, oh, ow, kh, kw, sy, sx, top, left */
export const K_AVERAGE_POOL_GRAD = 22;
/** x, y, rows, c */
export const K_COLUMN_SUMS = 23;
/** x, gamma, beta, y, mean, variance, rows, c, epsilon */
export const K_BATCH_NORM_TRAIN = 24;
/** x, gamma, beta, mean, variance, y, rows, c, epsilon */
export const K_BATCH_NORM = 25;
/** x, gamma, mean, variance, dy, dx, dGamma, dBeta, rows, c, epsilon */
export const K_BATCH_NORM_TRAIN_GRAD = 26;
/** gamma, variance, dy, dx, rows, c, epsilon */
export const K_BATCH_NORM_GRAD = 27;
/** x, y, count, fn, alpha, limit */
export const K_ACTIVATION = 28;
/** dy, y, dx, count, fn, alpha, limit */
export const K_ACTIVATION_GRAD = 29;
/** x, alpha, y, rows, n */
export const K_PRELU = 30;
/** x, alpha, dy, dx, dAlpha, rows, n */
export const K_PRELU_GRAD = 31;
/** a, b, y, count, fn */
export const K_BINARY = 32;
/** a, b, y, fn, d0, d1, d2, d3, n, s0, s1, s2, s3, each */
export const K_BINARY_BROADCAST = 33;
/** x, y, total, d0, d1, d2, d3, n, s0, s1, s2, s3, each */
export const K_SUM_TO = 34;
/** a, b, dy, dx, count, fn, first */
export const K_SELECT_GRAD = 35;
/** x, y, count, factor, offset */
export const K_SCALE = 36;
/** moving, batch, count, momentum, rest */
export const K_MOVING_AVERAGE = 37;
/** w, dw, out, count, l1, twice */
export const K_PENALTY = 38;
/** x, y, n, k, factor */
export const K_SOFTMAX = 39;
/** y, dy, dx, n, k */
export const K_SOFTMAX_GRAD = 40;
/** x, target, loss, n, k, factor, relative */
export const K_CROSS_ENTROPY = 41;
/** x, target, weight, dx, n, k, factor, scale */
export const K_CROSS_ENTROPY_GRAD = 42;
/** x, labels, loss, weight, sums, n, k */
export const K_METRICS = 43;
/** labels, y, n, k, on, off */
export const K_ONE_HOT = 44;
/** kind, rate, p, g, m, v, mask, count, a, a1, b, b1, epsilon */
export const K_OPTIMIZE = 45;
/** w, scale, zero, y, outer, channels, inner, low, high */
export const K_FAKE_QUANTIZE = 46;
/** w, scale, zero, y, rows, channels, low, high */
export const K_FAKE_QUANTIZE_LAST = 47;
/** w, scale, zero, dy, dx, outer, channels, inner, low, high */
export const K_FAKE_QUANTIZE_GRAD = 48;
/** w, scale, zero, dy, dx, rows, channels, low, high */
export const K_FAKE_QUANTIZE_GRAD_LAST = 49;
/** centroids, indices, y, count, k */
export const K_LOOKUP = 50;
/** indices, dy, out, scratch, count, k */
export const K_LOOKUP_GRAD = 51;
/** w, scale, zero, dy, y, outer, channels, inner, low, high */
export const K_SCALE_GRAD = 52;
/** w, scale, zero, dy, y, rows, channels, low, high */
export const K_SCALE_GRAD_LAST = 53;

/** source, target, r, c, o, transposed, flipped, workspace, workspaceBytes */
export const K_WINOGRAD_KERNEL = 80;
/** x, packed, bias, lo, hi, y, images, h, w, c, oh, ow, o, r, top, left, chunk, scratch, scratchBytes, pointsAt */
export const K_WINOGRAD = 81;
/** dy, packed, dx, images, h, w, c, oh, ow, o, r, top, left, chunk, scratch, scratchBytes, pointsAt */
export const K_WINOGRAD_GRAD_INPUT = 82;
/** x, to, first, count, h, w, c, oh, ow, r, top, left, workspace, workspaceBytes */
export const K_WINOGRAD_IMAGES = 83;
/** dy, to, first, count, oh, ow, o, r, workspace, workspaceBytes */
export const K_WINOGRAD_RESULTS = 84;
/** x, dy, sums, offsets, tiles, c, o, add */
export const K_WINOGRAD_PRODUCTS = 85;
/** sums, dk, r, c, o, workspace, workspaceBytes */
export const K_WINOGRAD_GRAD_KERNEL = 86;
