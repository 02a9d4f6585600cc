/**
 * How many threads the engine may use, which depends on whether anybody is looking: while the page is visible one core
 * stays free for it, so that sliders and charts move; when it is hidden, all cores work. Known to the engine's worker
 * only by being told.
 */
import { MOST_THREADS } from './kernels/ids';

let watched = true;

/** Says whether the page is visible. Until then it counts as visible. */
export function setVisible(visible: boolean): void {
  watched = visible;
}

/** Threads to use now, of `cores`: at least 1. */
export function wantedThreads(cores: number, visible = watched): number {
  return Math.max(1, Math.min(MOST_THREADS, visible ? cores - 1 : cores));
}
