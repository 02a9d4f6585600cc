/** What goes on by itself: looks at test images are counted, and when nothing else is being done models get their time measured. */
import type { StoreApi } from 'zustand/vanilla';
import { combine } from '#stores/combine-state';
import { evaluate } from '#stores/evaluate';
import { readKept } from '#stores/kept';
import { countLooks } from '#stores/looks';
import { measureLatencies } from '#stores/measure';
import { optimize } from '#stores/optimize';
import { project } from '#stores/project';
import { recipes } from '#stores/recipes';
import { sensitivity } from '#stores/sensitivity';
import type { DeviceState } from '#stores/state';
import { training } from '#stores/training';
import { transfer } from '#stores/transfer';

/** Begins; returns a function that ends it. */
export function startBackground(device: StoreApi<DeviceState>): () => void {
  const isIdle = (): boolean => {
    const { applying, previewing } = optimize.getState();
    const { opening, exporting } = transfer.getState();
    return (
      device.getState().status === 'ready' &&
      training.getState().status === 'idle' &&
      !applying &&
      !recipes.getState().running &&
      !sensitivity.getState().running &&
      !combine.getState().running &&
      !combine.getState().previewing &&
      !evaluate.getState().running &&
      !previewing &&
      !opening &&
      exporting === null
    );
  };
  const look = (): void => {
    if (isIdle()) void measureLatencies(isIdle);
  };
  const leaves = [
    device.subscribe(look),
    training.subscribe(look),
    optimize.subscribe(look),
    recipes.subscribe(look),
    sensitivity.subscribe(look),
    combine.subscribe(look),
    evaluate.subscribe(look),
    countLooks(),
    project.subscribe(look),
    transfer.subscribe(look),
  ];
  look();
  // A search of an earlier visit goes on by itself; nobody else waits for what it needs.
  if ('job' in readKept('search')) void import('#stores/search').catch(() => undefined);
  return () => {
    for (const leave of leaves) leave();
  };
}
