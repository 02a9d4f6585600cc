/**
 * The selected model's recipe: looked at, edited step by step, run again from any step on, and taken over from a file, a
 * text or a link. A run makes a model beside those that are there; the steps before the first change are not run again.
 */
import { createStore } from 'zustand/vanilla';
import { clampValues, defaultsOf, type Params, type Values, type Words } from '#core/params';
import { passById } from '#core/passes/index';
import { RecipeError, type RecipeStep, readRecipe, seedOf, stepSeed } from '#core/recipe';
import { modelsNamed, runApplication } from '#stores/applying';
import { stepName } from '#stores/describe';
import { faultOf, isAbort } from '#stores/engine';
import { interruptedApplying, tellOfApplication } from '#stores/interrupted-applying';
import { draftOf, isSameDraft, isUnchanged, type Line, lineOf, recipeOf, runnable, runOf } from '#stores/lineage';
import { apply, optimize, setSeed, takeStep } from '#stores/optimize';
import { project, select } from '#stores/project';
import { readFragment } from '#stores/recipe-link';
import type { Draft, DraftStep, RecipesState } from '#stores/state';
import { announce, CANCELLED, setOptimizeView, telling, view } from '#stores/view';

export const recipes = createStore<RecipesState>()(() => ({
  drafts: {},
  offered: null,
  openFault: null,
  running: null,
  fault: null,
  made: null,
}));

/** The selected model's line, and its recipe as it is being edited. Null where no model is selected. */
function current(): { readonly node: string; readonly line: Line; readonly draft: Draft } | null {
  const { nodes, selected } = project.getState();
  const line = selected === null ? null : lineOf(nodes, selected);
  if (selected === null || !line) return null;
  return { node: selected, line, draft: recipes.getState().drafts[selected] ?? draftOf(line) };
}

function edit(change: (steps: readonly DraftStep[]) => readonly DraftStep[]): void {
  const at = current();
  if (!at || recipes.getState().running) return;
  keepDraft(at.node, at.line, { ...at.draft, steps: change(at.draft.steps) });
}

/** A draft that says what the line says is none. */
function keepDraft(node: string, line: Line, draft: Draft): void {
  recipes.setState(({ drafts }) => {
    const { [node]: _, ...others } = drafts;
    return { drafts: isUnchanged(line, draft) ? others : { ...others, [node]: draft }, fault: null };
  });
}

function withStep(at: number, change: (step: DraftStep['step']) => DraftStep['step']): void {
  edit((steps) => steps.map((one, index) => (index === at ? { ...one, step: change(one.step) } : one)));
}

/** Sets a value of a step. */
export function setStepValue(at: number, key: string, value: Values[string]): void {
  withStep(at, (step) => {
    const params = passById(step.pass)?.params as Params | undefined;
    const values = { ...step.values, [key]: value };
    return { ...step, values: params ? (clampValues(params, values) as Values) : values };
  });
}
/** Switches a step off, or on again. */
export function switchStep(at: number): void {
  withStep(at, ({ off, ...step }) => (off ? step : { ...step, off: true }));
}
export function removeStep(at: number): void {
  edit((steps) => steps.filter((_, index) => index !== at));
}
export function moveStep(from: number, to: number): void {
  edit((steps) => {
    const moved = steps[from];
    if (!moved || to < 0 || to >= steps.length) return steps;
    return steps.filter((one) => one !== moved).toSpliced(to, 0, moved);
  });
}
let added = 0;
/** Puts a step with its declared values at the end. */
export function addStep(pass: string): void {
  const params = passById(pass)?.params as Params | undefined;
  if (!params) return;
  const values = defaultsOf(params) as Values;
  edit((steps) => [
    ...steps,
    { id: `added-${++added}`, step: { pass, values, seed: stepSeed(1, steps.length, pass) } },
  ]);
}
/** Back to the model's own recipe. */
export function resetDraft(): void {
  const at = current();
  if (at) keepDraft(at.node, at.line, draftOf(at.line));
}

/** Steps, one after the other, to be run on the selected model, beside its own. */
export function proposeSteps(steps: readonly Omit<RecipeStep, 'seed'>[]): void {
  const at = current();
  if (!at) return;
  keepDraft(at.node, at.line, {
    start: at.node,
    steps: steps.map((step, index) => ({
      id: `added-${++added}`,
      step: { ...step, seed: stepSeed(1, index, step.pass) },
    })),
  });
  setOptimizeView('recipe');
}

/** Whether a text looks as if it were meant to be a recipe; whether it is one, `openRecipe` says. */
export function looksLikeRecipe(text: string): boolean {
  return /^\s*\{/.test(text) && text.length < 1_000_000 && /"steps"\s*:/.test(text) && /"version"\s*:/.test(text);
}

/** Offers a recipe for the selected model. `source`: the name of the file, or ''. What is none is told. */
export function openRecipe(text: string, source = ''): void {
  offer(() => readRecipe(text), source);
}
/** Offers the recipe of a link; false where the address holds none. */
export async function openLink(fragment: string): Promise<boolean> {
  try {
    const recipe = await readFragment(fragment);
    if (recipe) offer(() => recipe, '');
    return recipe !== null;
  } catch (error) {
    offer(() => {
      throw error;
    }, '');
    return true;
  }
}
function offer(read: () => ReturnType<typeof readRecipe>, source: string): void {
  setOptimizeView('recipe');
  try {
    recipes.setState({ offered: { recipe: read(), source }, openFault: null });
    announce({ en: 'A recipe was opened.', zh: '已打开一个配方。' });
  } catch (error) {
    const words = error instanceof RecipeError ? error.words : faultOf(error).words;
    recipes.setState({ offered: null, openFault: words });
    announce(words);
  }
}
export function dismissOffer(): void {
  recipes.setState({ offered: null, openFault: null });
}

/** Takes the offered recipe up for the selected model: it starts from that model. */
export function takeUpOffer(): void {
  const at = current();
  const { offered } = recipes.getState();
  if (!at || !offered) return;
  const { recipe } = offered;
  const steps = recipe.steps.map((step, index) => {
    const params = passById(step.pass)?.params as Params | undefined;
    const values = params ? (clampValues(params, step.values) as Values) : step.values;
    return { id: `opened-${++added}`, step: { ...step, values, seed: seedOf(recipe, index, step) } };
  });
  keepDraft(at.node, at.line, { start: at.node, steps });
  dismissOffer();
}

let stop: AbortController | null = null;
const failure = telling();

/**
 * Runs the recipe from this step on, or from the first change where that is earlier, and makes a model of it. `resume`:
 * goes on with what is done of the same.
 */
export async function runFrom(wanted: number, resume = false): Promise<void> {
  const at = current();
  if (!at || recipes.getState().running || optimize.getState().applying) return;
  const { nodes } = project.getState();
  const run = runOf(nodes, at.line, at.draft, wanted);
  if (!run) return;
  const recipe = runnable(at.draft);
  const parents = Object.assign({}, ...recipe.steps.map(modelsNamed)) as Record<string, string>;
  stop = new AbortController();
  const begun = { node: at.node, step: run.from, done: 0, train: null, outcomes: [] };
  recipes.setState({ running: begun, fault: null, made: null });
  failure.takeBack();
  const before = project.getState().order.map((id) => nodes[id]);
  try {
    const { made } = await runApplication({
      asked: { way: 'recipe', node: at.node, start: at.draft.start, recipe: recipeOf(at.draft), from: run.from },
      resume,
      run,
      recipe,
      name: nameOf(run.node.name, recipe.steps.slice(run.at)),
      parents,
      signal: stop.signal,
      onProgress: ({ done, step, train, outcome }) =>
        recipes.setState(({ running }) => {
          if (!running) return {};
          const outcomes = outcome ? [...running.outcomes, outcome] : running.outcomes;
          const own = running.step === step ? running.train : null;
          return { running: { ...running, done, step, train: train ?? own, outcomes } };
        }),
      onAgain: () => recipes.setState({ running: begun }),
    });
    const same = before.findLast((node) => node?.model === made.model)?.id ?? null;
    recipes.setState(({ drafts: { [at.node]: _, ...drafts } }) => ({ drafts, made: { node: made.id, same } }));
  } catch (error) {
    if (isAbort(error)) return announce(CANCELLED);
    const fault = faultOf(error);
    const isHere = project.getState().selected === at.node;
    if (isHere) recipes.setState({ fault });
    const { tab, optimizeView } = view.getState();
    // In sight it is said, and announced, by its own place.
    if (!isHere || tab !== 'optimize' || optimizeView !== 'recipe')
      failure.tell({ level: 'error', words: fault.words, hint: fault.hint });
  } finally {
    stop = null;
    recipes.setState({ running: null });
  }
}

const otherwiseEdited: Words = {
  en: 'This recipe has been changed since it was interrupted. Undo the changes first, then continue: going on would replace them.',
  zh: '该配方在中断之后又有改动。继续会覆盖这些改动，请先撤销改动，再继续。',
};

/**
 * Goes on with what was being applied when the page was left, as it was asked for then. Not over a recipe that has been
 * edited otherwise since: that is told.
 */
export async function continueApplication(): Promise<void> {
  const { application } = interruptedApplying.getState();
  if (!application || recipes.getState().running || optimize.getState().applying) return;
  const { way, node, start, recipe, from } = application.asked;
  select(node);
  setOptimizeView(way);
  const [step] = recipe.steps;
  if (way === 'method' && step) {
    setSeed(recipe.seed);
    takeStep(step);
    await apply(true);
    return;
  }
  const at = current();
  if (at?.node !== node) return;
  const steps = recipe.steps.map((one, index) => ({
    id: `left-${index}`,
    step: { ...one, seed: seedOf(recipe, index, one) },
  }));
  const edited = recipes.getState().drafts[node];
  if (edited && !isSameDraft(edited, { start, steps })) {
    tellOfApplication({ level: 'info', words: otherwiseEdited });
    return;
  }
  keepDraft(node, at.line, { start, steps });
  await runFrom(from, true);
}

/** Gives the run up; nothing is changed. */
export function cancelRun(): void {
  stop?.abort();
}

/** The start's name and what was done, as long as that stays short. */
function nameOf(start: string, steps: readonly RecipeStep[]): string {
  const done = steps.filter(({ off }) => !off).map(stepName);
  const name = [start, ...done].join(', ');
  return name.length <= 80 ? name : `${start}, recipe of ${done.length} steps`;
}

/** What went wrong was about the model that was selected. */
project.subscribe((state, before) => {
  if (state.selected !== before.selected) recipes.setState({ fault: null });
});
