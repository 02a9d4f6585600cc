/**
 * What is being combined, made and grown, apart from what is done about it: the page looks at it from its first moment,
 * long before anybody needs the ways to choose from (stores/combine.ts), which fill in their values when they come.
 */
import { createStore } from 'zustand/vanilla';
import type { CombineState } from '#stores/state';

export const combine = createStore<CombineState>()(() => ({
  view: 'combine',
  members: [],
  way: 'mean-probabilities',
  values: {},
  preview: null,
  previewing: false,
  making: 'bagging',
  makingValues: {},
  sources: [],
  treeMethod: 'decision-tree',
  treeValues: {},
  treeSource: { kind: 'pixels' },
  seed: 1,
  interrupted: false,
  running: null,
  made: null,
  fault: null,
  previewFault: null,
}));
