/**
 * Which layer hurts: each layer alone is made worse, or taken over from another model, and the accuracy is compared image
 * by image with that of the model as it was. Cell by cell, with everything else going first; what was measured is kept.
 */
import { checkEffects } from '#core/effects';
import { oneAtATime, weightNoise } from '#core/metrics/signal-to-noise';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { agrestiMin, wilson } from '#core/numeric/intervals';
import type { Words } from '#core/params';
import { PassError } from '#core/pass';
import { PASSES } from '#core/passes/index';
import { preparedKey, type RecipeStep, readyStep, stepSeed } from '#core/recipe';
import { degradingStep } from '#core/sensitivity';
import { evaluateChanged } from '#engine/activations';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { evaluateOnce } from '#engine/evaluations';
import type { Handler } from '#worker/call';
import { contextMaker } from '#worker/calls/pass-context';
import type { Alone, Calls, HurtLayer, SensitivityCell } from '#worker/protocol';
import type { Session } from '#worker/session';

interface Ways {
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
}

export const sensitivity: Handler<'sensitivity'> = async (request, { session, signal, progress }) => {
  const base = await (await session.vault).get(request.model);
  const dataset = await session.dataset(request.dataset, { signal });
  const prepared = makePrepared();
  const cells: SensitivityCell[] = [];
  // Layer by layer: what comes before the layer is computed once, and so is what its method makes ready.
  for (const layer of request.layers) {
    for (const level of request.levels) {
      const cell = await session.scheduler.run(
        'sweep',
        (between) => cellOf(session, base, dataset, { ...request, layer, level }, prepared, { signal, between }),
        { signal },
      );
      cells.push(cell);
      progress(cell);
    }
  }
  return cells;
};

/** What a pass's `prepare` gave last, by its key. */
type Prepared = (key: string, make: () => Promise<unknown>) => Promise<unknown>;
function makePrepared(): Prepared {
  let last: { readonly key: string; readonly value: unknown } | null = null;
  return async (key, make) => {
    if (last?.key !== key) last = { key, value: await make() };
    return last.value;
  };
}

type Question = Omit<Calls['sensitivity']['request'], 'layers' | 'levels'> & {
  readonly layer: string;
  readonly level: number;
};

async function cellOf(
  session: Session,
  base: Model,
  dataset: Dataset,
  question: Question,
  prepared: Prepared,
  ways: Ways,
): Promise<SensitivityCell> {
  const { layer: name, level, degradation, images } = question;
  const backend = await session.backend();
  const key = JSON.stringify([question.model, question.dataset, degradation, name, level, images, backend.id]);
  const known = session.alone.get(key);
  if (known) return known;
  const layer = base.layers.find((one) => one.name === name);
  const step = layer && degradingStep(degradation, layer, level);
  const degraded = step ? await degrade(session, base, dataset, step, prepared, ways) : { reason: noWay };
  await ways.between();
  const cell =
    'reason' in degraded
      ? { layer: name, level, alone: null, ...degraded }
      : { layer: name, level, alone: await compare(backend, base, degraded.model, dataset, name, images, ways) };
  session.alone.set(key, cell);
  return cell;
}

/** The model with the step done, or why that cannot be. */
async function degrade(
  session: Session,
  base: Model,
  dataset: Dataset,
  step: RecipeStep,
  prepared: Prepared,
  ways: Ways,
): Promise<{ readonly model: Model } | { readonly reason: Words }> {
  const { pass, values } = readyStep(step, PASSES);
  const context = (await contextMaker(session, { dataset, ...ways, parents: {} }))(
    stepSeed(1, 0, pass.id),
    () => undefined,
  );
  try {
    checkEffects(base, pass);
    const ready = await prepared(preparedKey(pass, values), async () => pass.prepare?.(base, values, context));
    const { model, report } = await pass.apply(base, values, context, ready);
    // A factorisation that would enlarge the layer leaves it as it is, and says so.
    const [left] = report.notes;
    return left && pass.family === 'low-rank' && modelId(model) === modelId(base) ? { reason: left } : { model };
  } catch (error) {
    if (error instanceof PassError) return { reason: error.words };
    throw error;
  }
}

const noWay: Words = {
  en: 'There is no such factorisation for this kind of layer.',
  zh: '这类层没有相应的分解方法。',
};

export const whichHurts: Handler<'whichHurts'> = async (request, { session, signal, progress }) => {
  const vault = await session.vault;
  const [model, before] = [await vault.get(request.model), await vault.get(request.before)];
  const dataset = await session.dataset(request.dataset, { signal });
  const noise = weightNoise(before, model);
  const found: HurtLayer[] = [];
  for (const one of oneAtATime(before, model)) {
    const alone = await session.scheduler.run(
      'sweep',
      async (between) =>
        compare(await session.backend(), before, one.model, dataset, one.layer, request.images, { signal, between }),
      { signal },
    );
    const decibels = noise.find(({ layer }) => layer === one.layer)?.decibels ?? null;
    const hurt = { ...alone, decibels };
    found.push(hurt);
    progress(hurt);
  }
  return found;
};

/** The changed model's accuracy on the first validation images, and how it differs from the base's on the same ones. */
async function compare(
  backend: Backend,
  base: Model,
  changed: Model,
  dataset: Dataset,
  layer: string,
  wanted: number,
  ways: Ways,
): Promise<Alone> {
  const before = await evaluateOnce(backend, { kind: 'model', model: base }, dataset, 'validation', ways);
  const images = Math.min(wanted, before.images);
  const { correct } = await evaluateChanged(backend, base, changed, dataset, 'validation', { ...ways, images });
  let right = 0;
  let gained = 0;
  let lost = 0;
  for (let i = 0; i < images; i++) {
    if (correct[i]) right++;
    if (correct[i] && !before.correct[i]) gained++;
    if (!correct[i] && before.correct[i]) lost++;
  }
  return { layer, images, accuracy: wilson(right, images), difference: agrestiMin(gained, lost, images) };
}
