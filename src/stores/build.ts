/**
 * The network that is being drawn in the layer editor. Its input and classes follow the data set; an edit lets go of
 * the selected model, so that Train starts from what is seen here.
 */
import { createStore } from 'zustand/vanilla';
import type { Architecture, Row, RowKind } from '#core/architecture';
import { datasetFacts } from '#core/datasets';
import { TEMPLATES } from '#core/templates';
import { datasets, letGo } from '#stores/datasets';
import { call } from '#stores/engine';
import { addNode, uniqueName } from '#stores/project';
import type { BuildState, ModelNode } from '#stores/state';
import type { DatasetId } from '#worker/protocol';

const firstTemplate = 'small-cnn';

function templateFor(id: string, dataset: DatasetId): Architecture {
  const template = TEMPLATES.find((known) => known.id === id) ?? TEMPLATES[0];
  if (!template) throw new Error('there are no templates');
  const facts = datasetFacts(dataset);
  return template.architecture(facts.shape, facts.classes.length);
}

export const build = createStore<BuildState>()(() => ({
  template: firstTemplate,
  architecture: templateFor(firstTemplate, datasets.getState().selected),
  seed: 1,
}));

/** True while the rows are the template's own: then they follow the data set (a smaller image has a smaller template). */
let untouched = true;
datasets.subscribe(({ selected }, before) => {
  if (selected === before.selected) return;
  build.setState(({ template, architecture }) => {
    if (untouched) return { architecture: templateFor(template, selected) };
    const { shape, classes } = datasetFacts(selected);
    return { architecture: { ...architecture, input: shape, classes: classes.length } };
  });
});

/** Starts over from a template. */
export function setTemplate(id: string): void {
  untouched = true;
  build.setState({ template: id, architecture: templateFor(id, datasets.getState().selected) });
  letGo();
}

export function setRows(rows: readonly Row[]): void {
  untouched = false;
  build.setState(({ architecture }) => ({ architecture: { ...architecture, rows } }));
  letGo();
}

/** A row with the usual settings. */
function freshRow(kind: RowKind, at: number): Row {
  switch (kind) {
    case 'conv2d':
      return { kind, filters: 8, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true };
    case 'depthwiseConv2d':
      return { kind, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true };
    case 'dense':
      return { kind, units: 32, activation: 'relu', bias: true };
    case 'maxPool2d':
    case 'averagePool2d':
      return { kind, size: 2, stride: 2, padding: 'valid' };
    case 'activation':
      return { kind, activation: 'relu' };
    case 'dropout':
      return { kind, rate: 0.25 };
    case 'residualAdd':
      return { kind, from: Math.max(0, at - 1) };
    case 'globalAveragePool2d':
    case 'batchNorm':
    case 'flatten':
      return { kind };
    default:
      throw kind satisfies never;
  }
}

/** Residual adds name the row they read by number: numbers follow their rows. A row that has gone gives its place to the one before. */
function renumbered(rows: readonly Row[], newNumber: (old: number) => number): readonly Row[] {
  return rows.map((row) => (row.kind === 'residualAdd' && row.from > 0 ? { ...row, from: newNumber(row.from) } : row));
}

/** Puts a new row before the one at index `at` (0 first; the number of rows: last). */
export function addRow(kind: RowKind, at: number): void {
  const { rows } = build.getState().architecture;
  const moved = renumbered(rows, (old) => (old > at ? old + 1 : old));
  setRows([...moved.slice(0, at), freshRow(kind, at), ...moved.slice(at)]);
}
export function removeRow(at: number): void {
  const { rows } = build.getState().architecture;
  setRows(
    renumbered(
      rows.filter((_, index) => index !== at),
      (old) => (old > at ? old - 1 : old),
    ),
  );
}
/** Moves the row at index `from` so that it stands at index `to`. */
export function moveRow(from: number, to: number): void {
  const { rows } = build.getState().architecture;
  const row = rows[from];
  if (!row || from === to || to < 0 || to >= rows.length) return;
  const order = rows.map((_, index) => index).filter((index) => index !== from);
  order.splice(to, 0, from);
  const moved = order.map((index) => rows[index] as Row);
  setRows(renumbered(moved, (old) => order.indexOf(old - 1) + 1));
}
export function updateRow(at: number, patch: Partial<Row>): void {
  const { rows } = build.getState().architecture;
  setRows(rows.map((row, index) => (index === at ? ({ ...row, ...patch } as Row) : row)));
}
/** Seeds the start weights. */
export function setBuildSeed(seed: number): void {
  build.setState({ seed });
  letGo();
}

/** Makes an untrained model from the rows and selects it. Rejects with FaultError when the rows cannot be a network. */
export async function createModel(): Promise<ModelNode> {
  const { architecture, seed } = build.getState();
  const dataset = datasets.getState().selected;
  const summary = await call('create', { architecture, seed });
  const node: ModelNode = {
    id: crypto.randomUUID(),
    name: uniqueName(architecture.name),
    model: summary.id,
    summary,
    parent: null,
    origin: { kind: 'template', architecture, seed },
    dataset,
    validation: null,
    test: null,
    latency: null,
    notes: [],
    made: Date.now(),
  };
  addNode(node);
  return node;
}
