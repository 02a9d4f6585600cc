/** Asks the engine for ensembles, their members and trees, and adds what came of it to the project. */
import { ensembleById } from '#core/ensembles/index';
import { makingById } from '#core/ensembles/making/index';
import type { Values, Words } from '#core/params';
import { treeMethodById } from '#core/trees/index';
import { call, isLost } from '#stores/engine';
import { fittedIn } from '#stores/fitted';
import { originOf } from '#stores/origins';
import { addNode, addNodes, project, uniqueName } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { announce, notify } from '#stores/view';
import type { DatasetId, ModelSummary, TrainProgress } from '#worker/protocol';
import type { Combination, CombineResult } from '#worker/protocol-ensembles';

export interface Ways {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly train?: TrainProgress }) => void;
}

/** Engines that one run may outlive. */
const LIVES = 3;
const again: Words = {
  en: 'The engine or its device failed in the middle. It is being done again.',
  zh: '过程中引擎或其设备出现故障，正在重新进行。',
};

/** Does it again where the engine dies in the middle. */
export async function overLives<T>(signal: AbortSignal, onAgain: () => void, work: () => Promise<T>): Promise<T> {
  for (let life = 1; ; life++) {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error) || signal.aborted || life === LIVES) throw error;
      onAgain();
      notify({ level: 'info', words: again });
    }
  }
}

interface Facts {
  readonly parent: string | null;
  readonly origin: ModelNode['origin'];
  readonly dataset: DatasetId;
  readonly name: string;
  readonly notes?: readonly Words[];
}
function nodeOf(
  { model, validation, test }: Pick<CombineResult, 'model' | 'validation' | 'test'>,
  { parent, origin, dataset, name, notes = [] }: Facts,
): ModelNode {
  const summary: ModelSummary = { ...model, name };
  const id = crypto.randomUUID();
  return {
    id,
    name,
    model: model.id,
    summary,
    parent,
    origin,
    dataset,
    validation,
    test,
    latency: null,
    notes,
    made: Date.now(),
  };
}

/** `parents`: the members' nodes. */
export async function addCombination(asked: Combination, parents: readonly string[], ways: Ways): Promise<ModelNode> {
  const title = ensembleById(asked.way).words.title.en;
  const name = uniqueName(`${title}, ${asked.members.length} members`);
  const result = await call('combine', { ...asked, name }, ways);
  const node = nodeOf(result, {
    ...combinedFacts(result, asked.way, asked.values, parents),
    dataset: asked.dataset,
    name,
  });
  addNode(node);
  announce(madeWords(node));
  return node;
}

function combinedFacts(
  { model: _, ...result }: CombineResult,
  way: string,
  values: Values,
  parents: readonly string[],
  making?: string,
): Pick<Facts, 'parent' | 'origin' | 'notes'> {
  const { seconds, notes } = result;
  const { title } = ensembleById(way).words;
  const made = making ? { making } : {};
  const origin = { kind: 'combined', way, title, values, parents, ...made, seconds, result } as const;
  return { parent: null, origin, notes };
}

interface MakingAsked {
  readonly making: string;
  readonly values: Values;
  readonly nodes: readonly ModelNode[];
  readonly seed: number;
}

/** The members, and the ensemble last where there is one. */
export async function addMade({ making, values, nodes, seed }: MakingAsked, ways: Ways): Promise<readonly ModelNode[]> {
  const [first] = nodes;
  if (!first?.dataset) throw new Error('members are made of models that belong to a data set');
  const { dataset } = first;
  const known = project.getState().nodes;
  const models = nodes.map(({ id, model, name }) => ({ id: model, name, origin: originOf(known, id) }));
  const name = nodes.length > 1 ? `${first.name} and ${nodes.length - 1} more` : first.name;
  const result = await call('make', { making, values, models, ...fittedIn(known, nodes), dataset, name, seed }, ways);
  const parents = nodes.map(({ id }) => id);
  const { seconds } = result;
  const { title } = makingById(making).words;
  const made: ModelNode[] = [];
  for (const [member, one] of result.members.entries()) {
    const origin = { kind: 'made', making, title, values, seed, member, parents, seconds } as const;
    const facts = { parent: first.id, origin, dataset, name: free(one.model.name, made), notes: result.notes };
    made.push(nodeOf(one, facts));
  }
  if (result.combined) {
    const { ensemble, name: called } = result.combined.model;
    const members = (ensemble?.members ?? []).flatMap(
      ({ id }) => [...made, ...nodes].find(({ model }) => model === id)?.id ?? [],
    );
    const way = ensemble?.way ?? '';
    const facts = combinedFacts(result.combined, way, ensemble?.values ?? {}, members, making);
    const notes = [...result.notes, ...(facts.notes ?? [])];
    made.push(nodeOf(result.combined, { ...facts, dataset, name: free(called, made), notes }));
  }
  addNodes(made);
  const last = made.at(-1);
  if (last) announce(madeWords(last, making));
  return made;
}

/** A name that neither the page nor one of these has. */
function free(wanted: string, made: readonly ModelNode[]): string {
  for (let number = 1; ; number++) {
    const name = uniqueName(number === 1 ? wanted : `${wanted} ${number}`);
    if (made.every((node) => node.name !== name)) return name;
  }
}

interface TreesAsked {
  readonly method: string;
  readonly values: Values;
  /** Null: pixels. */
  readonly looked: { readonly node: ModelNode; readonly layer: string } | null;
  readonly dataset: DatasetId;
  readonly seed: number;
}

export async function addTrees({ method, values, looked, dataset, seed }: TreesAsked, ways: Ways): Promise<ModelNode> {
  const { title } = treeMethodById(method).words;
  const name = uniqueName(looked ? `${title.en} on ${looked.node.name}` : title.en);
  const features = looked
    ? ({ kind: 'layer', id: looked.node.model, name: looked.node.name, layer: looked.layer } as const)
    : ({ kind: 'pixels' } as const);
  const result = await call('trees', { method, values, features, dataset, name, seed }, ways);
  const { seconds, importance } = result;
  const parents = looked ? [looked.node.id] : [];
  const origin = { kind: 'trees', method, title, values, seed, parents, seconds, importance } as const;
  const node = nodeOf(result, { parent: looked?.node.id ?? null, origin, dataset, name });
  addNode(node);
  announce(madeWords(node));
  return node;
}

function madeWords({ name, test }: ModelNode, making?: string): Words {
  const share = test ? `${(test.value * 100).toFixed(2)} %` : '';
  const how = making ? makingById(making).words.title : null;
  return {
    en: `${how ? `${how.en} is done: ` : ''}Made ${name}, test accuracy ${share}.`,
    zh: `${how ? `${how.zh}已完成：` : ''}已生成 ${name}，测试准确率 ${share}。`,
  };
}
