/**
 * Which data set is worked on, and what is known of those that were loaded. The images stay in the engine; the page
 * has counts and a few samples.
 */
import { createStore } from 'zustand/vanilla';
import { DATASETS, datasetFacts, fitsDataset } from '#core/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { keep, readKept } from '#stores/kept';
import { measureNode } from '#stores/measure';
import { patchNode, project, select, selectedNode } from '#stores/project';
import type { DatasetsState, ModelNode } from '#stores/state';
import { notify } from '#stores/view';
import type { DatasetId } from '#worker/protocol';

function keptSelection(): DatasetId {
  const { selected } = readKept('datasets');
  return DATASETS.find(({ id }) => id === selected)?.id ?? DATASETS[0].id;
}

export const datasets = createStore<DatasetsState>()(() => ({
  selected: keptSelection(),
  loaded: {},
  loading: {},
  faults: {},
}));

export function nodeFits(node: ModelNode, id: DatasetId): boolean {
  return fitsDataset(node.summary.inputShape, node.summary.classes, datasetFacts(id));
}

/** True while no model is selected only because the data set has none: coming back selects one again. */
let awaiting = false;

/** Lets go of the selected model: Train starts from the Build tab, whatever the data set. */
export function letGo(): void {
  awaiting = false;
  select(null);
}

/**
 * Works on another data set from now on, and loads it. The selected model follows: one opened from a file is measured
 * on the new data set where it fits; otherwise the last model made on that data set is selected, or none.
 */
export async function selectDataset(id: DatasetId): Promise<void> {
  if (datasets.getState().selected !== id) {
    datasets.setState({ selected: id });
    keep('datasets', { selected: id });
    const node = selectedNode();
    if (node ? node.dataset !== id : awaiting) {
      if (node?.origin.kind === 'opened' && nodeFits(node, id)) {
        patchNode(node.id, { dataset: id, validation: null, test: null });
        void measureNode(node.id);
      } else {
        const { order, nodes } = project.getState();
        const own = order.findLast((other) => nodes[other]?.dataset === id) ?? null;
        select(own);
        awaiting = own === null;
      }
    }
  }
  await loadDataset(id);
}

/** Selecting a model that was made on another data set takes up that data set. */
project.subscribe((state, before) => {
  if (state.selected === before.selected || state.selected === null) return;
  awaiting = false;
  const dataset = state.nodes[state.selected]?.dataset;
  if (dataset && dataset !== datasets.getState().selected) void selectDataset(dataset);
});

const loads = new Map<DatasetId, Promise<boolean>>();

/** Loads a data set once; true when it is there. What went wrong is in `faults`, and another call tries again. */
export function loadDataset(id: DatasetId): Promise<boolean> {
  if (datasets.getState().loaded[id]) return Promise.resolve(true);
  let load = loads.get(id);
  if (!load) {
    load = loadNow(id).finally(() => loads.delete(id));
    loads.set(id, load);
  }
  return load;
}

async function loadNow(id: DatasetId): Promise<boolean> {
  const without = <T>(record: Readonly<Partial<Record<DatasetId, T>>>): Partial<Record<DatasetId, T>> => {
    const { [id]: _, ...rest } = record;
    return rest as Partial<Record<DatasetId, T>>;
  };
  datasets.setState(({ loading, faults }) => ({ loading: { ...loading, [id]: 0 }, faults: without(faults) }));
  try {
    const onProgress = ({ loaded, total }: { loaded: number; total: number }): void =>
      datasets.setState(({ loading }) => ({ loading: { ...loading, [id]: Math.min(1, loaded / Math.max(1, total)) } }));
    const summary = await call('loadDataset', { id }, { onProgress });
    datasets.setState(({ loaded }) => ({ loaded: { ...loaded, [id]: summary } }));
    return true;
  } catch (error) {
    if (!isAbort(error)) {
      const fault = faultOf(error);
      datasets.setState(({ faults }) => ({ faults: { ...faults, [id]: fault } }));
      notify({ level: 'error', words: fault.words, hint: fault.hint });
    }
    return false;
  } finally {
    datasets.setState(({ loading }) => ({ loading: without(loading) }));
  }
}
