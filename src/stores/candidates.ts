/**
 * What the rest of the page knows of the search: its candidates as the chart shows them while the Search tab is open, faint
 * points that are no models; and how far it is. In a store of its own, so that the page needs nothing of searches.
 */
import { createStore } from 'zustand/vanilla';
import type { Doing } from '#stores/state';

export interface CandidatePoint {
  readonly candidate: number;
  /** Mean over its runs, on validation images or folds, 0 to 1. */
  readonly accuracy: number;
  readonly cost: { readonly parameters: number; readonly macs: number; readonly bytes: number };
}

interface CandidatesState {
  readonly points: readonly CandidatePoint[];
  readonly going: Doing | null;
}

export const candidates = createStore<CandidatesState>()(() => ({ points: [], going: null }));
