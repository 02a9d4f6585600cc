/**
 * A recipe: the list of passes with values that makes one model from another, as JSON. Running one is the only way a
 * model changes. The runner finds the pass, clamps the values, hands over a random stream seeded by the recipe, measures
 * before and after each step, and says what a step gave up of earlier ones' work, every pass alike.
 */
import { checkEffects, lostNotes } from '#core/effects';
import { countMacs } from '#core/metrics/operations';
import { countParameters } from '#core/metrics/size';
import type { Model } from '#core/model/model';
import { derivedSeed } from '#core/numeric/random';
import { clampValues, isShown, type Param, type Params, type Values, type Words } from '#core/params';
import { type Compared, type Pass, type PassContext, PassError, type Report } from '#core/pass';

export interface RecipeStep {
  readonly pass: string;
  readonly values: Values;
  /** Of the step's own random stream. Without it, it follows from the recipe's seed and the step's place (`stepSeed`). */
  readonly seed?: number;
  /** Switched off: kept in the recipe, and not run. */
  readonly off?: boolean;
}
export interface Recipe {
  readonly version: 1;
  readonly seed: number;
  readonly steps: readonly RecipeStep[];
}

/** What the runner counted on a model. */
export interface Facts {
  readonly parameters: number;
  readonly nonZero: number;
  /** Distinct values over the prunable tensors. */
  readonly distinct: number;
  readonly macs: number;
}
export interface StepReport {
  readonly pass: string;
  /** As they were used: clamped and complete. */
  readonly values: Values;
  readonly notes: readonly Words[];
  readonly comparison?: readonly Compared[];
  readonly before: Facts;
  readonly after: Facts;
}
export interface RecipeResult {
  readonly model: Model;
  readonly reports: readonly StepReport[];
}

/**
 * Makes the context of step `index` (from 0). `seed` is the step's own seed: `context.random` must be a stream from it.
 * `progress` and `signal` are the caller's.
 */
export type ContextMaker = (index: number, seed: number) => PassContext;

export interface RunOptions {
  /** The first step to run, from 0; the model is what the steps before it gave. They count where a step is named. */
  readonly from?: number;
  /** Awaited after each step that ran, with the model that it made. */
  readonly onStep?: (index: number, model: Model, report: StepReport) => void | Promise<void>;
}

/** A step failed: `words` name the step and say why; `cause` is what was thrown. */
export class StepError extends PassError {
  /** From 0. */
  readonly step: number;
  readonly pass: string;
  override readonly cause: unknown;
  constructor(step: number, pass: string, words: Words, cause?: unknown) {
    super(words);
    this.name = 'StepError';
    this.step = step;
    this.pass = pass;
    this.cause = cause;
  }
}

/** A recipe that cannot be read. */
export class RecipeError extends Error {
  readonly words: Words;
  constructor(words: Words) {
    super(words.en);
    this.name = 'RecipeError';
    this.words = words;
  }
}

/**
 * Runs the steps in order. The same model, recipe and context give the same bytes. Throws StepError naming the step
 * that failed; an abort (AbortError) comes through as it is.
 */
export async function runRecipe(
  model: Model,
  recipe: Recipe,
  contextFor: ContextMaker,
  passes: readonly Pass[],
  { from = 0, onStep }: RunOptions = {},
): Promise<RecipeResult> {
  const reports: StepReport[] = [];
  let current = model;
  let before = factsOf(model);
  for (const [index, step] of recipe.steps.entries()) {
    if (index < from || step.off) continue;
    const context = contextFor(index, seedOf(recipe, index, step));
    context.signal.throwIfAborted();
    const { pass, values } = readyStep(step, passes, index);
    let told: Report;
    try {
      checkEffects(current, pass);
      const prepared: unknown = await pass.prepare?.(current, values, context);
      const result = await pass.apply(current, values, context, prepared);
      const lost = lostNotes(current, result.model, pass.effects);
      const notes = [...unknownNotes(step, pass), ...result.report.notes, ...lost];
      told = { ...result.report, notes };
      current = result.model;
    } catch (error) {
      throw namingStep(error, index, pass);
    }
    const after = factsOf(current);
    const report: StepReport = { pass: pass.id, values, ...told, before, after };
    reports.push(report);
    await onStep?.(index, current, report);
    before = after;
  }
  return { model: current, reports };
}

/** The seed of a step's random stream, so that steps do not share one. A slider's preview of a single step uses index 0. */
export function stepSeed(seed: number, index: number, pass: string): number {
  return derivedSeed(seed, `${index}:${pass}`);
}

/** The seed with which a step of a recipe runs. */
export function seedOf(recipe: Recipe, index: number, step: RecipeStep): number {
  return step.seed ?? stepSeed(recipe.seed, index, step.pass);
}

/** Whether a pass trains with these values, all of them given: they may leave it no epochs. */
export function trainsWith({ needs, params }: Pass, values: Values): boolean {
  const hasEpochs = (param: Param): boolean =>
    param.kind === 'number' && param.unit === 'epochs' && isShown(param, values);
  return needs.includes('training') && Object.values(params as Params).some(hasEpochs);
}

/** Whether a step from `from` on trains: then it takes its time, and is worth going on with where it was cut short. */
export function trains({ steps }: Recipe, passes: readonly Pass[], from = 0): boolean {
  const training = new Set(passes.filter(({ needs }) => needs.includes('training')).map(({ id }) => id));
  return steps.some(({ pass, off }, index) => index >= from && !off && training.has(pass));
}

/** A step's pass with its values clamped and complete; throws StepError for a pass that does not exist. */
export function readyStep(step: RecipeStep, passes: readonly Pass[], index = 0): { pass: Pass; values: Values } {
  const pass = passes.find((candidate) => candidate.id === step.pass);
  if (!pass) {
    const known = passes.map((candidate) => candidate.id).join(', ');
    throw new StepError(index, step.pass, {
      en: `Step ${index + 1}: there is no method named "${step.pass}". Known: ${known}.`,
      zh: `第 ${index + 1} 步：没有名为“${step.pass}”的方法。已有：${known}。`,
    });
  }
  return { pass, values: clampValues(pass.params as Params, step.values) as Values };
}

/** What a recipe sets that the method does not have: a slip of the pen, or another version's. */
function unknownNotes({ values }: RecipeStep, pass: Pass): readonly Words[] {
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(pass.params as Params, key));
  if (unknown.length === 0) return [];
  const title: Words = pass.words.title;
  return [
    {
      en: `The recipe sets ${unknown.join(', ')}, which ${title.en} does not have: left out.`,
      zh: `配方设置了 ${unknown.join('、')}，而“${title.zh}”没有这些参数：已忽略。`,
    },
  ];
}

/** The values that enter `prepare`, as a key: what the move of a slider, or a choice that it does not read, leaves alone. */
export function preparedKey(pass: Pass, values: Values): string {
  const still = Object.entries(pass.params as Params).filter(([, param]) => !param.live && param.prepares !== false);
  return JSON.stringify([pass.id, ...still.map(([key]) => [key, values[key]])]);
}

function namingStep(error: unknown, index: number, pass: Pass): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error;
  const title: Words = pass.words.title;
  const words = isWorded(error) ? error.words : { en: messageOf(error), zh: messageOf(error) };
  return new StepError(
    index,
    pass.id,
    { en: `Step ${index + 1} (${title.en}): ${words.en}`, zh: `第 ${index + 1} 步（${title.zh}）：${words.zh}` },
    error,
  );
}

/** Errors of passes and of the engine bring words for people. */
function isWorded(error: unknown): error is { readonly words: Words } {
  const { words } = (error ?? {}) as { readonly words?: Partial<Words> };
  return typeof words?.en === 'string' && typeof words.zh === 'string';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function factsOf(model: Model): Facts {
  const { parameters, nonZero, distinct } = countParameters(model);
  return { parameters, nonZero, distinct, macs: countMacs(model).total };
}

/**
 * A recipe from JSON text or from an object. Values are only checked for their kind: clamping them to a pass's range
 * is done when it runs. Throws RecipeError saying where and why.
 */
export function readRecipe(json: unknown): Recipe {
  const value = typeof json === 'string' ? readJson(json) : json;
  if (!isRecord(value)) throw fault('it is not an object', '它不是一个对象');
  if (value['version'] !== 1) {
    const shown = value['version'] === undefined ? null : JSON.stringify(value['version']);
    throw fault(
      `version is ${shown ?? 'missing'}, and only version 1 is known`,
      `version ${shown ? `为 ${shown}` : '缺失'}，而只认识版本 1`,
    );
  }
  const seed = value['seed'];
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed))
    throw fault('seed is not a whole number', 'seed 不是整数');
  const steps = value['steps'];
  if (!Array.isArray(steps)) throw fault('steps is not a list', 'steps 不是列表');
  return { version: 1, seed, steps: steps.map(readStep) };
}

function readStep(step: unknown, index: number): RecipeStep {
  const at = `steps[${index}]`;
  if (!isRecord(step)) throw fault(`${at} is not an object`, `${at} 不是一个对象`);
  const pass = step['pass'];
  if (typeof pass !== 'string' || pass === '')
    throw fault(`${at}.pass is not the name of a method`, `${at}.pass 不是方法名`);
  const values = step['values'] === undefined ? {} : step['values'];
  if (!isRecord(values)) throw fault(`${at}.values is not an object`, `${at}.values 不是一个对象`);
  for (const [key, value] of Object.entries(values)) {
    if (!isValue(value)) {
      throw fault(
        `${at}.values.${key} is neither a number, a text, true or false, nor a list of texts`,
        `${at}.values.${key} 既不是数字、文本、真假值，也不是文本列表`,
      );
    }
  }
  const seed = step['seed'];
  if (seed !== undefined && (typeof seed !== 'number' || !Number.isSafeInteger(seed)))
    throw fault(`${at}.seed is not a whole number`, `${at}.seed 不是整数`);
  const off = step['off'];
  if (off !== undefined && typeof off !== 'boolean')
    throw fault(`${at}.off is neither true nor false`, `${at}.off 既不是 true 也不是 false`);
  return {
    pass,
    values: { ...values } as Values,
    ...(seed === undefined ? {} : { seed }),
    ...(off ? { off } : {}),
  };
}

function isValue(value: unknown): value is Values[string] {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault(`it is not JSON: ${messageOf(error)}`, `它不是 JSON：${messageOf(error)}`);
  }
}

function fault(en: string, zh: string): RecipeError {
  return new RecipeError({ en: `The recipe cannot be read: ${en}.`, zh: `无法读取配方：${zh}。` });
}
