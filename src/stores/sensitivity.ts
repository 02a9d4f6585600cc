/**
 * What single layers of the selected model cost: measured in the background when asked for, cell by cell, and kept with the
 * model's node, layer by layer, so that it comes back with the model and a measurement that was broken off goes on. And what
 * follows from it: how far each layer can go within a budget.
 */
import { createStore } from 'zustand/vanilla';
import { isPrunable } from '#core/model/layers';
import type { RecipeStep } from '#core/recipe';
import { type Degradation, degradingStep, LEVELS } from '#core/sensitivity';
import { nodeFits } from '#stores/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { patchNode, project, selectedNode } from '#stores/project';
import type { ModelNode, SensitivityState } from '#stores/state';
import { announce } from '#stores/view';
import type { LayerSummary, SensitivityCell } from '#worker/protocol';

export const sensitivity = createStore<SensitivityState>()(() => ({
  degradation: 'sparsity',
  images: 1000,
  budget: 0.005,
  scans: {},
  hurts: {},
  running: null,
  fault: null,
}));

export function setDegradation(degradation: Degradation): void {
  sensitivity.setState({ degradation, fault: null });
}
export function setImages(images: number): void {
  sensitivity.setState({ images, fault: null });
}
/** 0 to 1. */
export function setBudget(budget: number): void {
  sensitivity.setState({ budget });
}

/** Layers that can be made worse in this way. */
export function layersFor({ summary }: ModelNode, degradation: Degradation): readonly LayerSummary[] {
  const [level = 0] = LEVELS[degradation];
  return summary.layers.filter(
    ({ name, kind }) => isPrunable({ kind }, 'kernel') && degradingStep(degradation, { name, kind }, level),
  );
}

/** By what a scan is kept. */
export function scanKey({ model, dataset }: ModelNode, { degradation, images }: SensitivityState): string {
  return JSON.stringify([model, dataset, degradation, images]);
}
export function hurtsKey(node: ModelNode, before: ModelNode, { images }: SensitivityState): string {
  return JSON.stringify([node.model, before.model, node.dataset, images]);
}

/** The layers that are not measured at every level. */
export function layersLeft(
  node: ModelNode,
  degradation: Degradation,
  cells: readonly SensitivityCell[],
): readonly string[] {
  const isKnown = (layer: string) => (level: number) =>
    cells.some((cell) => cell.layer === layer && cell.level === level);
  return layersFor(node, degradation)
    .map(({ name }) => name)
    .filter((layer) => !LEVELS[degradation].every(isKnown(layer)));
}

/** Answers of each kind that are kept with a model; the oldest go first. */
const KEPT = 6;

/** Keeps with a node what is known under a key. */
function keepWith(id: string, kind: 'scans' | 'hurts', key: string): void {
  const known = sensitivity.getState()[kind][key];
  const kept = project.getState().nodes[id]?.layersAlone ?? { scans: {}, hurts: {} };
  if (!known || known.length === 0 || kept[kind][key] === known) return;
  const { [key]: _, ...others } = kept[kind];
  const latest = Object.fromEntries(Object.entries({ ...others, [key]: known }).slice(-KEPT));
  patchNode(id, { layersAlone: { ...kept, [kind]: latest } });
}

/** Takes up what earlier visits measured. */
function takeUp(nodes: readonly ModelNode[]): void {
  sensitivity.setState(({ scans, hurts }) => ({
    scans: Object.assign({}, ...nodes.map(({ layersAlone }) => layersAlone?.scans), scans),
    hurts: Object.assign({}, ...nodes.map(({ layersAlone }) => layersAlone?.hurts), hurts),
  }));
}
project.subscribe((state, before) => {
  if (state.saved !== before.saved && state.saved !== 'restoring') takeUp(Object.values(state.nodes));
});
// This file may come after the project.
if (project.getState().saved !== 'restoring') takeUp(Object.values(project.getState().nodes));

let stop: AbortController | null = null;

/** Measures every layer of the selected model at every level that is not measured yet. */
export async function measure(): Promise<void> {
  const node = selectedNode();
  const { degradation, images, running } = sensitivity.getState();
  if (!node?.dataset || !nodeFits(node, node.dataset) || running) return;
  const key = scanKey(node, sensitivity.getState());
  const layers = layersLeft(node, degradation, sensitivity.getState().scans[key] ?? []);
  const levels = LEVELS[degradation];
  const request = { model: node.model, dataset: node.dataset, degradation, layers, levels, images };
  await measured(key, layers.length * levels.length, (signal, tell) =>
    call('sensitivity', request, {
      signal,
      onProgress(cell) {
        sensitivity.setState(({ scans }) => ({ scans: { ...scans, [key]: withCell(scans[key] ?? [], cell) } }));
        tell();
        if (cell.level === levels.at(-1)) keepWith(node.id, 'scans', key);
      },
    }),
  );
  keepWith(node.id, 'scans', key);
}

/** Measures each layer of the selected model alone in the model `before`, which it came from. */
export async function measureHurts(before: string): Promise<void> {
  const node = selectedNode();
  const from = project.getState().nodes[before];
  if (!node?.dataset || !from || sensitivity.getState().running) return;
  const { images } = sensitivity.getState();
  const key = hurtsKey(node, from, sensitivity.getState());
  sensitivity.setState(({ hurts }) => ({ hurts: { ...hurts, [key]: [] } }));
  const request = { model: node.model, before: from.model, dataset: node.dataset, images };
  const expected = node.summary.layers.filter(({ parameters }) => parameters > 0).length;
  let isWhole = false;
  await measured(key, expected, async (signal, tell) => {
    await call('whichHurts', request, {
      signal,
      onProgress(one) {
        sensitivity.setState(({ hurts }) => ({ hurts: { ...hurts, [key]: [...(hurts[key] ?? []), one] } }));
        tell();
      },
    });
    isWhole = true;
  });
  // A part of it would be taken for all of it.
  if (isWhole) keepWith(node.id, 'hurts', key);
  else sensitivity.setState(({ hurts: { [key]: _, ...hurts } }) => ({ hurts }));
}

/** One measurement at a time. */
async function measured(
  key: string,
  cells: number,
  work: (signal: AbortSignal, tell: () => void) => Promise<unknown>,
): Promise<void> {
  const own = new AbortController();
  stop = own;
  let done = 0;
  sensitivity.setState({ running: { key, done }, fault: null });
  try {
    await work(own.signal, () => {
      done++;
      sensitivity.setState({ running: { key, done: Math.min(1, done / Math.max(1, cells)) } });
    });
  } catch (error) {
    if (isAbort(error)) announce({ en: 'The measurement was stopped.', zh: '测量已停止。' });
    else sensitivity.setState({ fault: faultOf(error) });
  } finally {
    stop = null;
    sensitivity.setState({ running: null });
  }
}
export function stopMeasuring(): void {
  stop?.abort();
}

function withCell(cells: readonly SensitivityCell[], cell: SensitivityCell): readonly SensitivityCell[] {
  return [...cells.filter(({ layer, level }) => layer !== cell.layer || level !== cell.level), cell];
}

/** How far each layer can go alone and lose at most `budget`: its most severe level before the first that costs more. */
export function withinBudget(
  cells: readonly SensitivityCell[],
  levels: readonly number[],
  budget: number,
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of new Set(cells.map(({ layer }) => layer))) {
    for (const level of levels) {
      const cell = cells.find((one) => one.layer === name && one.level === level);
      // A level that is not possible (a rank that saves nothing) is passed over.
      if (cell && !cell.alone) continue;
      if (!cell?.alone || cell.alone.difference.value < -budget) break;
      found.set(name, level);
    }
  }
  return found;
}

/** The same as steps, a layer each, in the order of the layers. */
export function budgetSteps(
  node: ModelNode,
  degradation: Degradation,
  chosen: ReadonlyMap<string, number>,
): readonly RecipeStep[] {
  return layersFor(node, degradation).flatMap((layer) => {
    const level = chosen.get(layer.name);
    const step = level === undefined ? null : degradingStep(degradation, layer, level);
    return step ? [step] : [];
  });
}
