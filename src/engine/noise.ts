/**
 * Random bits by counter: a hash of the run's seed, the step, what they are for and a number, so that any of them can be
 * made anywhere, in any order and by any backend, and come out the same to the bit. 32-bit integers only. The mixing
 * function is lowbias32 (Wellons 2018); WebGPU has the same one in kernels/batch.
 */
import { derivedSeed } from '#core/numeric/random';

/** Two words from which all bits of a step follow. */
export type NoiseKey = readonly [number, number];

/** Stands for noise in the place of an image's row. */
export const NOISE_ROW = -1;

/** What bits are for; from `dropout` on, one for each dropout layer. */
export const STREAM = { pixels: 0, shift: 1, dropout: 2 } as const;
/** Odd, so that streams stay apart: 2^32 over the golden ratio. */
const APART = 0x9e3779b9;

function mixed(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

export function noiseKey(seed: number, step: number): NoiseKey {
  const first = mixed(derivedSeed(seed, 'noise') ^ mixed(step + 1));
  return [first, mixed((first + APART) | 0)];
}

/** 32 bits, as a number from 0 to 2^32 - 1. */
export function noiseBits([first, second]: NoiseKey, stream: number, index: number): number {
  return mixed(mixed((index + first) | 0) ^ ((second + Math.imul(stream, APART)) | 0));
}

/** Uniform in [0, 1), with 24 bits: exact in single precision. */
export function noisePixel(key: NoiseKey, index: number): number {
  return (noiseBits(key, STREAM.pixels, index) >>> 8) / 16777216;
}

/** How far the image in a row of the batch is moved, [down, right], each uniform in [-most, most]. */
export function shiftOf(key: NoiseKey, row: number, most: number): readonly [number, number] {
  const bits = noiseBits(key, STREAM.shift, row);
  const steps = 2 * most + 1;
  return [(((bits >>> 16) * steps) >>> 16) - most, (((bits & 0xffff) * steps) >>> 16) - most];
}

/** Bits below it mean that a value is dropped. */
export function dropThreshold(rate: number): number {
  return Math.min(0xffffffff, Math.round(rate * 4294967296));
}

/** A dropout layer's keep mask: 0, or 1 / (1 - rate). `number` counts the dropout layers from 0. */
export function fillKeepMask(mask: Float32Array, key: NoiseKey, number: number, rate: number): void {
  const threshold = dropThreshold(rate);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = noiseBits(key, STREAM.dropout + number, i) < threshold ? 0 : kept;
}
