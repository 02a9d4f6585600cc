/** Models of the project as the chart and the table meet them, for tests. */
import type { ModelNode } from '#stores/state';
import type { Accuracy } from '#worker/protocol';

export function accuracy(value: number, half = 0.01): Accuracy {
  return { value, low: value - half, high: Math.min(1, value + half), images: 300, loss: 0.1 };
}

interface Wish {
  readonly id: string;
  readonly parent?: string | null;
  readonly parameters?: number;
  readonly nonZero?: number;
  readonly validation?: number | null;
  readonly test?: number | null;
  readonly latency?: number;
  readonly dataset?: ModelNode['dataset'];
  readonly origin?: ModelNode['origin'];
  readonly name?: string;
  readonly runs?: ModelNode['runs'];
}

const settings = {
  optimizer: { kind: 'sgd' },
  learningRate: 0.1,
  schedule: { kind: 'constant' },
  batchSize: 32,
  epochs: 3,
  seed: 1,
  l1: 0,
  l2: 0,
  dropout: null,
} as const;
const trained: ModelNode['origin'] = { kind: 'trained', settings, seconds: 5, stopped: false, trace: [] };

export function modelNode(wish: Wish): ModelNode {
  const { id, parent = null, parameters = 1000, nonZero = parameters, validation = 0.9, test = validation } = wish;
  return {
    id,
    name: wish.name ?? `Model ${id}`,
    model: id,
    summary: {
      id,
      kind: 'model',
      name: id,
      meta: { source: 'template' },
      inputShape: [8, 8, 1],
      classes: 10,
      parameters,
      nonZero,
      distinct: nonZero,
      macs: parameters * 10,
      bytes: parameters * 4,
      layers: [],
    },
    parent,
    origin: wish.origin ?? trained,
    dataset: wish.dataset === undefined ? 'digits' : wish.dataset,
    validation: validation === null ? null : accuracy(validation),
    test: test === null ? null : accuracy(test),
    latency:
      wish.latency === undefined ? null : { backend: 'wasm', medianMs: wish.latency, p95Ms: wish.latency, runs: 30 },
    notes: [],
    ...(wish.runs ? { runs: wish.runs } : {}),
    made: 0,
  };
}

export function projectOf(nodes: readonly ModelNode[], order = nodes.map(({ id }) => id)) {
  return { nodes: Object.fromEntries(nodes.map((node) => [node.id, node])), order };
}

export function recipeOf(pass: string, values: Readonly<Record<string, number>> = {}): ModelNode['origin'] {
  return { kind: 'recipe', recipe: { version: 1, seed: 1, steps: [{ pass, values }] }, seconds: 1 };
}
