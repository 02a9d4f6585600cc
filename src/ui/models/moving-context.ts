/** Hands what moves on the chart past everything that does not. */
import { createContext } from 'react';
import type { LoosePoint } from '#ui/models/chart-data.ts';

export interface MovingContent {
  readonly live: LoosePoint | null;
  readonly preview: LoosePoint | null;
  /** Where the slider's model would lie when only its size is known. */
  readonly previewSize: number | null;
  /** Its file is not written yet, and the axis is about its bytes: ≈ stands beside it. */
  readonly isEstimate: boolean;
  readonly sweep: readonly LoosePoint[];
}

export const MovingContext = createContext<MovingContent>({
  live: null,
  preview: null,
  previewSize: null,
  isEstimate: false,
  sweep: [],
});
