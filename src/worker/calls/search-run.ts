/**
 * One run of a search: makes the candidate's model (fresh or given, trained, taken through the recipe) and judges it. Rounds
 * of successive halving go on from where the one before ended, where that is still known; the learning rate is planned
 * for the last round's epochs from the beginning, so that going on and starting over give the same.
 */
import { countMacs } from '#core/metrics/operations';
import { countParameters } from '#core/metrics/size';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import type { TrainPoint } from '#core/objective';
import { PASSES } from '#core/passes/index';
import { type Recipe, runRecipe } from '#core/recipe';
import type { CurvePoint } from '#core/search/curve';
import type { Cost, Run, SearchPlan } from '#core/search/plan';
import { candidatesOf, inRound } from '#core/search/schedule';
import { type Candidate, type SearchBase, settle } from '#core/search/space';
import { isWithin } from '#core/search/trials';
import type { Checkpoint } from '#engine/checkpoint';
import type { Dataset } from '#engine/datasets/dataset';
import { selectImages } from '#engine/selection';
import { train } from '#engine/train';
import { makeTrainControl, type TrainControl } from '#engine/train-control';
import { contextMaker } from '#worker/calls/pass-context';
import { objectiveOf, trainedModel } from '#worker/calls/train';
import type { ModelId, StepOutcome, TrainProgress } from '#worker/protocol';
import type { Session } from '#worker/session';
import { writtenBytes } from '#worker/summary';

export interface Made {
  readonly model: Model;
  readonly cost: Cost;
  /** Before training, where it began afresh. */
  readonly fresh: Model | null;
  /** Before the recipe, where it was trained and there is one. */
  readonly trained: Model | null;
  readonly reports: readonly StepOutcome[];
  readonly curve: readonly CurvePoint[];
  readonly trace: readonly TrainPoint[];
}
/** It costs more than the limit, and was not trained. */
interface TooDear {
  readonly cost: Cost;
  readonly model: null;
}

interface MakeWays {
  readonly session: Session;
  readonly dataset: Dataset;
  readonly parents: Readonly<Record<string, ModelId>>;
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly onTrain: (train: TrainProgress) => void;
  /** Where runs of halving left off, by candidate, fold and seed. */
  readonly left: Map<string, Left>;
}
export interface Left {
  readonly checkpoint: Checkpoint;
  readonly trace: readonly TrainPoint[];
}

/** Points of a run's learning curve that are kept. */
const CURVE_POINTS = 40;

/** What a run comes to: what is to be done, for how long and with which seed. */
function settled(plan: SearchPlan, { candidate, seed, epochs }: Run): SearchBase {
  const own = settle(plan.base, plan.dimensions, candidatesOf(plan)[candidate] as Candidate);
  return seeded(inRound(own, plan, epochs), seed);
}

/** Everything that is drawn by chance is drawn from the run's seed. */
function seeded(base: SearchBase, seed: number): SearchBase {
  const steps = base.recipe?.steps.map(({ seed: _, ...step }) => step);
  return {
    ...base,
    training: base.training && { ...base.training, seed },
    recipe: base.recipe && steps ? { ...base.recipe, seed, steps } : null,
  };
}

/** Makes the model of a run, giving way where `between` is awaited. Rejects as training and recipes do. */
export function candidateMaker(
  plan: SearchPlan,
  run: Run,
  ways: Omit<MakeWays, 'between'>,
): (between: MakeWays['between']) => Promise<Made | TooDear> {
  return (between) => makeCandidate(plan, run, { ...ways, between });
}

async function makeCandidate(plan: SearchPlan, run: Run, ways: MakeWays): Promise<Made | TooDear> {
  const { start, training, recipe } = settled(plan, run);
  const given =
    start.kind === 'fresh'
      ? createModel(start.architecture, run.seed)
      : await (await ways.session.vault).get(start.model);
  const fresh = start.kind === 'fresh' ? given : null;
  const before = await costOf(given);
  // A recipe may make it smaller; without one it stays what it is.
  if (!recipe && !isWithin(plan.limit, before)) return { cost: before, model: null };
  const learned =
    training && run.epochs !== null
      ? await learn(given, { ...training, epochs: run.of ?? training.epochs }, run, ways)
      : null;
  const first = learned?.model ?? given;
  const made = recipe ? await applied(first, recipe, ways) : { model: first, reports: [] };
  return {
    ...made,
    cost: recipe ? await costOf(made.model) : before,
    fresh,
    trained: recipe && learned ? learned.model : null,
    curve: curveOf(learned?.trace ?? []),
    trace: learned?.trace ?? [],
  };
}

async function costOf(model: Model): Promise<Cost> {
  const bytes = await writtenBytes(model);
  return { parameters: countParameters(model).parameters, macs: countMacs(model).total, bytes };
}

/** Trains up to the run's epochs. */
async function learn(
  given: Model,
  settings: NonNullable<SearchBase['training']>,
  run: Run,
  { session, dataset, signal, between, onTrain, left }: MakeWays,
): Promise<{ model: Model; trace: readonly TrainPoint[] }> {
  const objective = objectiveOf(given, settings);
  const { perEpoch } = selectImages(objective, dataset.splits.train);
  const key = `${run.candidate} ${run.fold} ${run.seed}`;
  const before = run.round > 0 ? left.get(key) : undefined;
  const from = before?.checkpoint ?? null;
  const until = Math.round(perEpoch * (run.epochs ?? settings.epochs));
  const total = Math.round(perEpoch * settings.epochs);
  const trace: TrainPoint[] = [...(before?.trace ?? [])];
  const outcome = await train(await session.backend(), objective, dataset, {
    signal,
    between,
    from,
    control: until < total ? stopAt(until - (from?.step ?? 0)) : makeTrainControl(),
    // Only where it stops is it of use.
    checkpointEvery: Number.POSITIVE_INFINITY,
    onCheckpoint: (checkpoint) => keepLeft(left, key, { checkpoint, trace }),
    onProgress(told) {
      trace.push(told.point);
      onTrain({ ...told, state: 'running' });
    },
  });
  if (until >= total) left.delete(key);
  return { model: trainedModel(given, outcome.model, dataset), trace };
}

/** Bytes of checkpoints that are kept; whose is gone starts over. */
const LEFT_BYTES = 200_000_000;

/** Keeps where a run left off, as long as there is room: the oldest give way. */
function keepLeft(left: Map<string, Left>, key: string, own: Left): void {
  const bytesOf = ({ checkpoint }: Left): number =>
    checkpoint.values.reduce((sum, { byteLength }) => sum + byteLength, 0);
  left.delete(key);
  left.set(key, own);
  let bytes = [...left.values()].reduce((sum, one) => sum + bytesOf(one), 0);
  for (const [oldest, one] of left) {
    if (bytes <= LEFT_BYTES || oldest === key) break;
    left.delete(oldest);
    bytes -= bytesOf(one);
  }
}

/** Lets so many batches through; the last of them counts as paused, so that the run shows itself and leaves a checkpoint. */
function stopAt(batches: number): TrainControl {
  const control = makeTrainControl();
  let done = 0;
  return {
    ...control,
    get state() {
      return done >= batches ? 'paused' : control.state;
    },
    async next(signal) {
      if (done >= batches) return false;
      done++;
      return control.next(signal);
    },
  };
}

async function applied(
  start: Model,
  recipe: Recipe,
  { session, dataset, parents, signal, between, onTrain }: MakeWays,
): Promise<{ model: Model; reports: readonly StepOutcome[] }> {
  const contextFor = await contextMaker(session, { dataset, signal, between, parents });
  const reports: StepOutcome[] = [];
  const { model } = await runRecipe(
    start,
    recipe,
    (_step, seed) => contextFor(seed, (_done, told) => told && onTrain(told)),
    PASSES,
    {
      async onStep(step, made, facts) {
        const bytes = await writtenBytes(made);
        reports.push({ ...facts, step, bytes, validation: null });
      },
    },
  );
  return { model, reports };
}

/** Validation accuracy as training followed it, thinned. */
function curveOf(trace: readonly TrainPoint[]): readonly CurvePoint[] {
  const seen = trace.flatMap(({ epoch, validationAccuracy }) =>
    validationAccuracy === undefined ? [] : [{ epoch, accuracy: validationAccuracy }],
  );
  const every = Math.ceil(seen.length / CURVE_POINTS);
  return seen.filter((_, index) => (seen.length - 1 - index) % every === 0);
}
