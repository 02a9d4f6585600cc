/**
 * Shrinking: which method with which values, what the sliders' position would give, and Apply. While a slider moves at
 * most one preview is in flight and the latest value wins; when it rests the estimate is refined and the slider's other
 * positions are swept in the background.
 */
import { createStore } from 'zustand/vanilla';
import type { Values } from '#core/params';
import { clampValues, defaultsOf, isShown } from '#core/params';
import type { Pass } from '#core/pass';
import { PASSES, passById } from '#core/passes/index';
import { preparedKey, type Recipe, type RecipeStep } from '#core/recipe';
import { modelsNamed, runApplication, UNCHANGED } from '#stores/applying';
import { stepName, sweepValues } from '#stores/describe';
import { call, faultOf, isAbort } from '#stores/engine';
import { project, selectedNode } from '#stores/project';
import type { OptimizeState } from '#stores/state';
import { announce, CANCELLED, telling, view } from '#stores/view';
import type { DatasetId, Fault, ModelId, PreviewResult, SweepPoint } from '#worker/protocol';

export const optimize = createStore<OptimizeState>()(() => ({
  method: PASSES[0]?.id ?? '',
  values: Object.fromEntries(PASSES.map((pass) => [pass.id, defaultsOf(pass.params)])),
  seed: 1,
  preview: null,
  previewing: false,
  sweep: null,
  applying: null,
  result: null,
  fault: null,
}));

function currentPass(): Pass {
  const pass = passById(optimize.getState().method);
  if (!pass) throw new Error('no such method');
  return pass;
}

/** What the engine is asked about: the selected model under the current method and values. Null where none is, or not a single one. */
interface Question {
  readonly model: ModelId;
  readonly dataset: DatasetId | null;
  readonly step: RecipeStep;
  readonly seed: number;
  readonly parents: Readonly<Record<string, ModelId>>;
}
function question(): Question | null {
  const node = selectedNode();
  if (!node || node.summary.ensemble || node.summary.trees) return null;
  const pass = currentPass();
  const { values, seed } = optimize.getState();
  const step = { pass: pass.id, values: clampValues(pass.params, values[pass.id] ?? {}) as Values };
  return { model: node.model, dataset: node.dataset, step, seed, parents: modelsNamed(step) };
}
let flight: {
  readonly stop: AbortController;
  readonly rest: boolean;
  readonly asked: Question;
  /** Whether its first estimate was shown: every value that is asked about gets one, a later value does not wait for more. */
  shown: boolean;
} | null = null;
let shownFor: Question | null = null;
/** What the preview in sight was asked for; null while there is none. */
export function answered(): Question | null {
  return optimize.getState().preview && shownFor;
}
let waiting: 'moving' | 'rest' | null = null;
let sweeping: AbortController | null = null;
/** Why the last Apply made nothing: stays in sight until other values are asked about. */
let applyFault: Fault | null = null;
/** The slider last touched. */
let touched: string | null = null;

/** Chooses a method; its values are as they were left. */
export function setMethod(method: string): void {
  if (!passById(method) || method === optimize.getState().method) return;
  touched = null;
  optimize.setState({ method });
  forget();
  rest();
}

/** Sets one value of the current method. `moving` while a slider is being dragged: the answer is then quick and rough. */
export function setValue(key: string, value: Values[string], moving: boolean): void {
  const pass = currentPass();
  const { method, values } = optimize.getState();
  const next = clampValues(pass.params, { ...values[method], [key]: value }) as Values;
  if (pass.params[key]?.kind === 'number') touched = key;
  optimize.setState({ values: { ...values, [method]: next }, fault: null, result: null });
  endSweep(touched !== optimize.getState().sweep?.param || !pass.params[key]?.live);
  ask(moving ? 'moving' : 'rest');
}
/** Takes up a step's method with its values; others are as they were declared. */
export function takeStep({ pass: id, values: wanted }: RecipeStep): void {
  const pass = passById(id);
  if (!pass || optimize.getState().applying) return;
  touched = null;
  const { values } = optimize.getState();
  optimize.setState({ method: id, values: { ...values, [id]: clampValues(pass.params, wanted) as Values } });
  forget();
  rest();
}
export function setSeed(seed: number): void {
  optimize.setState({ seed, sweep: null, fault: null });
  rest();
}

/** The slider rests: refines the estimate, then sweeps the slider. */
export function rest(): void {
  ask('rest');
}

function endSweep(clear: boolean): void {
  sweeping?.abort();
  sweeping = null;
  if (clear) optimize.setState({ sweep: null });
}
function forget(): void {
  flight?.stop.abort();
  waiting = null;
  endSweep(true);
  optimize.setState({ preview: null, previewing: false, result: null, fault: null });
}

function ask(how: 'moving' | 'rest'): void {
  if (optimize.getState().applying) return;
  if (flight?.rest && !flight.stop.signal.aborted && sameQuestion(flight.asked, question())) return;
  waiting = how;
  // What is being made ready (a decomposition) is waited for where it serves the later value too.
  if (flight?.shown || (flight?.rest && !isMadeReadyFor(flight.asked, question()))) flight.stop.abort();
  if (!flight) void fly();
}

/** Whether the two differ only in what a slider moves, so that what `prepare` gives for one serves the other. */
function isMadeReadyFor(a: Question, b: Question | null): boolean {
  const still = ({ step, ...rest }: Question): Question => {
    const pass = passById(step.pass);
    return { ...rest, step: { ...step, values: { ready: pass ? preparedKey(pass, step.values) : '' } } };
  };
  return b !== null && sameQuestion(still(a), still(b));
}

function sameQuestion(a: Question, b: Question | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function fly(): Promise<void> {
  while (waiting) {
    const how = waiting;
    waiting = null;
    const asked = question();
    if (!asked) {
      optimize.setState({ preview: null, previewing: false });
      return;
    }
    const stop = new AbortController();
    const own = { stop, rest: how === 'rest', asked, shown: false };
    flight = own;
    optimize.setState({ previewing: true });
    const show = (preview: PreviewResult): void => {
      if (stop.signal.aborted) return;
      shownFor = asked;
      optimize.setState(({ fault }) => ({ preview, fault: fault === applyFault ? fault : null }));
      // Sizes that come before the first estimate are not all that was asked for.
      own.shown = preview.accuracy !== null || asked.dataset === null;
      // A later value waits: this one has its first estimate and need not be refined.
      if (waiting && own.shown) stop.abort();
    };
    try {
      show(await call('preview', { ...asked, rest: own.rest }, { signal: stop.signal, onProgress: show }));
      if (own.rest && !waiting) void sweep(asked);
    } catch (error) {
      if (!isAbort(error))
        optimize.setState(({ fault }) => ({
          preview: null,
          fault: fault !== null && fault === applyFault ? fault : faultOf(error),
        }));
    } finally {
      flight = null;
    }
  }
  optimize.setState({ previewing: false });
}

async function sweep(asked: Question): Promise<void> {
  const pass = currentPass();
  if (pass.id !== asked.step.pass) return;
  // What is not in force under these values has no slider in sight.
  const isInForce = (key: string): boolean => isShown(pass.params[key], asked.step.values);
  const param =
    touched !== null && isInForce(touched)
      ? touched
      : Object.keys(pass.params).find(
          (key) => pass.params[key]?.kind === 'number' && pass.params[key]?.live && isInForce(key),
        );
  if (param === undefined) return;
  const values = sweepValues(pass.params[param], asked.step.values, param);
  if (!pass.params[param]?.live || values.length === 0) return;
  endSweep(false);
  const stop = new AbortController();
  sweeping = stop;
  const points: SweepPoint[] = [];
  try {
    await call(
      'sweep',
      { ...asked, param, values },
      {
        signal: stop.signal,
        onProgress: (point) => {
          points.push(point);
          if (!stop.signal.aborted)
            optimize.setState({ sweep: { param, points: [...points].sort((a, b) => a.value - b.value) } });
        },
      },
    );
  } catch (error) {
    if (!isAbort(error) && !stop.signal.aborted) optimize.setState({ sweep: null });
  } finally {
    if (sweeping === stop) sweeping = null;
  }
}

let applyStop: AbortController | null = null;
const failure = telling();

/**
 * Makes a new model by the current method and values, beside the selected one, and selects it. `resume`: goes on with what
 * is done of the same.
 */
export async function apply(resume = false): Promise<void> {
  const node = selectedNode();
  if (!node || optimize.getState().applying) return;
  const asked = question();
  if (!asked) return;
  const isUnfinished = flight !== null || sweeping !== null;
  flight?.stop.abort();
  waiting = null;
  endSweep(false);
  const stop = new AbortController();
  applyStop = stop;
  let isMade = false;
  const begun = { method: asked.step.pass, node: node.id, done: 0, train: null };
  optimize.setState({ applying: begun, result: null, fault: null });
  failure.takeBack();
  const recipe: Recipe = { version: 1, seed: asked.seed, steps: [asked.step] };
  try {
    const { result } = await runApplication({
      asked: { way: 'method', node: node.id, start: node.id, recipe, from: 0 },
      resume,
      run: { node, at: 0, from: 0, model: node.model, known: [] },
      recipe,
      name: `${node.name}, ${stepName(asked.step)}`,
      parents: asked.parents,
      signal: stop.signal,
      onProgress: ({ done, train }) =>
        optimize.setState(({ applying }) =>
          applying ? { applying: { ...applying, done, train: train ?? applying.train } } : {},
        ),
      onAgain: () => optimize.setState({ applying: begun }),
    });
    // Selecting the new model forgot the slider's preview; the result of Apply stays in sight.
    optimize.setState({ result });
    isMade = true;
  } catch (error) {
    if (isAbort(error)) return announce(CANCELLED);
    const fault = faultOf(error);
    applyFault = fault;
    optimize.setState({ fault });
    // Nothing has failed where nothing was changed.
    if (fault.code === UNCHANGED) announce(fault.words);
    else failure.tell({ level: 'error', words: fault.words, hint: fault.hint });
  } finally {
    applyStop = null;
    optimize.setState({ applying: null });
    // The values are as they were: what Apply broke off is gone on with.
    if (!isMade && (isUnfinished || !optimize.getState().preview)) rest();
  }
}

/** Gives up the Apply that is going on; nothing is changed. */
export function cancelApply(): void {
  applyStop?.abort();
}

/** Another model is selected: what was previewed was about the one before. */
project.subscribe((state, before) => {
  if (state.selected === before.selected) return;
  forget();
  if (view.getState().tab === 'optimize') rest();
});
view.subscribe((state, before) => {
  if (state.tab !== before.tab && state.tab === 'optimize' && !optimize.getState().preview) rest();
});
