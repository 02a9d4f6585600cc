/**
 * What a data set is in memory: 8-bit images and labels in three fixed parts. The division into training and
 * validation is stratified, made with one constant seed for each data set, and independent of any training seed.
 */
import type { Words } from '#core/params';
import type { Split } from '#core/predictor';

/** `pixels` is row-major [count, height, width, channels]; a network sees pixel * Dataset.scale, from 0 to 1. */
export interface Images {
  readonly count: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}
export interface Dataset {
  readonly id: string;
  /** [height, width, channels]. */
  readonly shape: readonly [number, number, number];
  /** In label order. */
  readonly classes: readonly Words[];
  /** 1 / 255, or 1 / 16 for Digits. */
  readonly scale: number;
  readonly splits: Readonly<Record<Split, Images>>;
}
