/**
 * The candidates of the search as the chart shows them while the Search tab is open: faint points that are no models. In a
 * store of its own, so that the chart needs nothing of searches.
 */
import { createStore } from 'zustand/vanilla';

export interface CandidatePoint {
  readonly candidate: number;
  /** Mean over its runs, on validation images or folds, 0 to 1. */
  readonly accuracy: number;
  readonly cost: { readonly parameters: number; readonly macs: number; readonly bytes: number };
}

export const candidates = createStore<{ readonly points: readonly CandidatePoint[] }>()(() => ({ points: [] }));
