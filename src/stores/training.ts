/**
 * Training: the settings, the run that is going on with its live trace, and the model that it makes. A model from the
 * Build tab gives its place on the page to the trained one; training a trained model further makes another beside it.
 * When the engine dies the run goes on from its last checkpoint; after a reload the page offers to go on.
 */
import { createStore } from 'zustand/vanilla';
import type { TrainPoint } from '#core/objective';
import { ADAM } from '#core/objective';
import { createModel } from '#stores/build';
import { datasets, loadDataset } from '#stores/datasets';
import { call, faultOf, isAbort, isLost, mayGoOn } from '#stores/engine';
import { keep, readKept } from '#stores/kept';
import { addNode, project, select, selectedNode, uniqueName } from '#stores/project';
import type { ModelNode, TrainingState } from '#stores/state';
import { makeUnfinished } from '#stores/unfinished';
import { announce, noticesOf, notify } from '#stores/view';
import type { Calls, DatasetId, InterruptedRun, TrainResult, TrainSettings } from '#worker/protocol';

/** Epochs after which the small CNN has learned most of what it will: a small data set has few batches in one. */
const usualEpochs: Readonly<Record<DatasetId, number>> = { digits: 20, mnist: 3, 'fashion-mnist': 3 };

export const DEFAULT_SETTINGS: TrainSettings = {
  optimizer: ADAM,
  learningRate: 0.002,
  schedule: { kind: 'cosine' },
  batchSize: 64,
  epochs: 3,
  seed: 1,
  l1: 0,
  l2: 0,
  dropout: null,
};

function keptSettings(): TrainSettings {
  const kept: Readonly<Record<string, unknown>> = {
    epochs: usualEpochs[datasets.getState().selected],
    ...readKept('training'),
  };
  const number = (key: NumberSetting): number => {
    const value = kept[key];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : (DEFAULT_SETTINGS[key] ?? 0);
  };
  const { optimizer, schedule, dropout } = kept;
  return {
    optimizer: isOptimizer(optimizer) ? optimizer : DEFAULT_SETTINGS.optimizer,
    learningRate: number('learningRate'),
    schedule:
      (schedule as TrainSettings['schedule'] | undefined)?.kind === 'constant'
        ? { kind: 'constant' }
        : { kind: 'cosine' },
    batchSize: number('batchSize'),
    epochs: number('epochs'),
    seed: number('seed'),
    l1: number('l1'),
    l2: number('l2'),
    dropout: typeof dropout === 'number' && dropout >= 0 && dropout < 1 ? dropout : null,
    groupLasso: number('groupLasso'),
    labelSmoothing: Math.min(0.9, number('labelSmoothing')),
    shift: Math.round(number('shift')),
  };
}
type NumberSetting =
  | 'learningRate'
  | 'batchSize'
  | 'epochs'
  | 'seed'
  | 'l1'
  | 'l2'
  | 'groupLasso'
  | 'labelSmoothing'
  | 'shift';
function isOptimizer(value: unknown): value is TrainSettings['optimizer'] {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, momentum, beta1, beta2, epsilon } = value as Record<string, unknown>;
  if (kind === 'sgd') return true;
  if (kind === 'momentum') return typeof momentum === 'number';
  return kind === 'adam' && [beta1, beta2, epsilon].every((number) => typeof number === 'number');
}

export const training = createStore<TrainingState>()(() => ({
  settings: keptSettings(),
  status: 'idle',
  node: null,
  progress: null,
  compiling: null,
  trace: [],
  fault: null,
  interrupted: null,
}));

/** Epochs that nobody changed follow the data set. */
datasets.subscribe(({ selected }, before) => {
  const { settings, status } = training.getState();
  if (selected === before.selected || status !== 'idle' || settings.epochs !== usualEpochs[before.selected]) return;
  training.setState({ settings: { ...settings, epochs: usualEpochs[selected] } });
});

export function setSettings(patch: Partial<TrainSettings>): void {
  training.setState(({ settings }) => ({ settings: { ...settings, ...patch } }));
  keep('training', { ...training.getState().settings });
}

/** Points of a run that are kept; beyond it every second one is dropped, so that a long run stays light. */
const keptPoints = 2000;
function withPoint(trace: readonly TrainPoint[], point: TrainPoint): readonly TrainPoint[] {
  const last = trace.at(-1);
  // A run that goes on from a checkpoint does a few batches again.
  const begun = last && last.step >= point.step ? trace.filter(({ step }) => step < point.step) : trace;
  const grown = [...begun, point];
  return grown.length > keptPoints
    ? grown.filter((_, index) => index % 2 === 1 || grown[index]?.validationLoss !== undefined)
    : grown;
}

function onProgress(progress: Calls['train']['progress']): void {
  if ('compiling' in progress) {
    const { compiling } = progress;
    training.setState({ compiling: compiling.ready < compiling.of ? compiling : null });
    return;
  }
  training.setState((state) => ({
    progress,
    compiling: null,
    trace: withPoint(state.trace, progress.point),
    status: state.status === 'finishing' ? 'finishing' : progress.state === 'paused' ? 'paused' : 'running',
  }));
}

/** Trains the selected model, or one made from the Build tab where none is selected, on the selected data set. */
export function train(): Promise<void> {
  return run(false);
}

/** `going`: an interrupted run that goes on. */
async function run(paused: boolean, going: TrainingState['interrupted'] = null): Promise<void> {
  if (training.getState().status !== 'idle') return;
  const trace = going?.run.trace ?? [];
  training.setState({
    status: paused ? 'paused' : 'running',
    node: null,
    progress: null,
    compiling: null,
    trace,
    fault: null,
  });
  training.setState({ interrupted: null });
  let isLeft = false;
  try {
    const dataset = going?.run.dataset ?? datasets.getState().selected;
    if (!(await loadDataset(dataset))) {
      training.setState({ fault: datasets.getState().faults[dataset] ?? null });
      // What an earlier run left is as it was.
      isLeft = true;
      return;
    }
    const from = going ? project.getState().nodes[going.node] : await startNode(dataset);
    if (!from) return;
    const { settings } = going?.run ?? training.getState();
    training.setState({ node: from.id });
    unfinished.begin({ node: from.id });
    const result = await survive({ model: from.model, dataset, settings, paused, resume: going !== null });
    addTrained(from, dataset, settings, result);
  } catch (error) {
    if (isAbort(error)) return;
    isLeft = mayGoOn(error);
    const fault = faultOf(error);
    training.setState({ fault });
    notify({ level: 'error', words: fault.words, hint: fault.hint });
  } finally {
    training.setState({ status: 'idle', node: null });
    if (isLeft) {
      unfinished.leave();
      void lookForRun();
    } else unfinished.end();
  }
}

async function startNode(dataset: DatasetId): Promise<ModelNode> {
  const selected = selectedNode();
  return selected && selected.dataset === dataset ? selected : createModel();
}

/** Engines that one run may outlive. */
const lives = 3;

/** Asks for the run; when the engine dies under it, asks the next one to go on from the last checkpoint. */
async function survive(request: Calls['train']['request']): Promise<TrainResult> {
  for (let life = 1; ; life++) {
    const { status } = training.getState();
    // As the person left it: a run that was to stop ends with what the checkpoint holds.
    const isEnding = status === 'finishing';
    const paused = life === 1 ? request.paused : isEnding || status === 'paused';
    try {
      const result = call('train', { ...request, paused, resume: life > 1 || request.resume === true }, { onProgress });
      if (isEnding) void control('stop');
      return await result;
    } catch (error) {
      if (!isLost(error) || life === lives) throw error;
      const left = await call('interrupted', {});
      const epoch = left?.epoch.toFixed(1);
      notify({
        level: 'info',
        words: left
          ? { en: `Training goes on from epoch ${epoch}.`, zh: `训练从第 ${epoch} 轮继续。` }
          : { en: 'Training has started over.', zh: '训练已重新开始。' },
      });
    }
  }
}

/** Only the tab that owns the project offers it: the run may be going on in that one. */
const unfinished = makeUnfinished('run', { en: 'The training run', zh: '训练' }, (saved) => {
  if (saved === 'saved') void lookForRun();
});

const tellOfRun = noticesOf(training, ({ interrupted }) => interrupted !== null);

/** Sees whether an earlier visit, or an engine that failed, left a run that could go on. */
async function lookForRun(): Promise<void> {
  const { node: id } = readKept('run');
  if (typeof id !== 'string' || project.getState().saved === 'other-tab') return;
  const left: InterruptedRun | null = await call('interrupted', {}).catch(() => null);
  if (training.getState().status !== 'idle' || !left) return;
  if (project.getState().nodes[id]?.model !== left.model) return discardRun();
  training.setState({ interrupted: { node: id, run: left } });
  const words = {
    en: 'A training run was interrupted. The Train tab offers to go on with it.',
    zh: '有一次训练被中断，可在“训练”页继续。',
  };
  tellOfRun({ level: 'info', words }, 'train');
}

/** Goes on with the interrupted run, with the settings that it was begun with. */
export async function continueRun(): Promise<void> {
  const { interrupted, status } = training.getState();
  if (!interrupted || status !== 'idle') return;
  select(interrupted.node);
  training.setState({ settings: interrupted.run.settings });
  await run(false, interrupted);
}
/** Forgets the interrupted run; the model that it began with stays. */
export async function discardRun(): Promise<void> {
  training.setState({ interrupted: null });
  unfinished.end();
  await call('interrupted', { discard: true }).catch(() => null);
}

function addTrained(from: ModelNode, dataset: DatasetId, settings: TrainSettings, result: TrainResult): void {
  const isFresh = from.origin.kind === 'template' && from.validation === null;
  const { trace } = training.getState();
  const epochs = trace.at(-1)?.epoch ?? 0;
  if (epochs === 0) return;
  const further = `${from.name}, ${Number(epochs.toFixed(1))} more epoch${epochs === 1 ? '' : 's'}`;
  const node: ModelNode = {
    id: crypto.randomUUID(),
    name: isFresh ? from.name : uniqueName(further),
    model: result.model.id,
    summary: result.model,
    parent: from.id,
    origin: { kind: 'trained', settings, seconds: result.seconds, stopped: result.stopped, trace },
    dataset,
    validation: result.validation,
    test: result.test,
    latency: null,
    notes: [],
    made: Date.now(),
  };
  addNode(node, isFresh ? from.id : undefined);
  const share = (result.test.value * 100).toFixed(2);
  announce({
    en: `Training ${result.stopped ? 'stopped' : 'finished'}: ${node.name} classifies ${share} % of the test images correctly.`,
    zh: `训练${result.stopped ? '已停止' : '完成'}：${node.name} 在测试图片上的准确率为 ${share} %。`,
  });
}

function control(action: 'pause' | 'resume' | 'step' | 'stop'): Promise<void> {
  return call('trainControl', { action }).then(
    () => undefined,
    () => undefined,
  );
}
export async function pause(): Promise<void> {
  if (training.getState().status !== 'running') return;
  training.setState({ status: 'paused' });
  await control('pause');
}
export async function resume(): Promise<void> {
  if (training.getState().status !== 'paused') return;
  training.setState({ status: 'running' });
  await control('resume');
}
/** Trains one batch and stays paused; starts a paused run where none is going on. */
export async function step(): Promise<void> {
  const { status } = training.getState();
  if (status === 'idle') {
    const started = run(true);
    await Promise.race([started, untilNode()]);
    await control('step');
  } else if (status !== 'finishing') {
    training.setState({ status: 'paused' });
    await control('step');
  }
}
function untilNode(): Promise<void> {
  return new Promise((resolve) => {
    const leave = training.subscribe((state) => {
      if (state.node === null) return;
      leave();
      // The call itself goes out in the same task as `node` is set.
      setTimeout(resolve, 0);
    });
  });
}
/** Ends the run early; the model trained so far is measured and kept. */
export async function stop(): Promise<void> {
  const { status } = training.getState();
  if (status !== 'running' && status !== 'paused') return;
  training.setState({ status: 'finishing' });
  await control('stop');
}
