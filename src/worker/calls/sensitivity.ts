/**
 * Which layer hurts: each layer alone is made worse, or taken over from another model, and the accuracy is compared image
 * by image with that of the model as it was. Cell by cell, with everything else going first; what was measured is kept.
 */
import { oneAtATime, weightNoise } from '#core/metrics/signal-to-noise';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { agrestiMin, wilson } from '#core/numeric/intervals';
import type { Words } from '#core/params';
import { PassError } from '#core/pass';
import { PASSES } from '#core/passes/index';
import { type RecipeStep, runRecipe, StepError } from '#core/recipe';
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
  const cells: SensitivityCell[] = [];
  // Level by level: a coarse picture of all layers comes first.
  for (const level of request.levels) {
    for (const layer of request.layers) {
      const cell = await session.scheduler.run(
        'sweep',
        (between) => cellOf(session, base, dataset, { ...request, layer, level }, { signal, between }),
        { signal },
      );
      cells.push(cell);
      progress(cell);
    }
  }
  return cells;
};

type Question = Omit<Calls['sensitivity']['request'], 'layers' | 'levels'> & {
  readonly layer: string;
  readonly level: number;
};

async function cellOf(
  session: Session,
  base: Model,
  dataset: Dataset,
  question: Question,
  ways: Ways,
): Promise<SensitivityCell> {
  const { layer: name, level, degradation, images } = question;
  const backend = await session.backend();
  const key = JSON.stringify([question.model, question.dataset, degradation, name, level, images, backend.id]);
  const known = session.alone.get(key);
  if (known) return known;
  const layer = base.layers.find((one) => one.name === name);
  const step = layer && degradingStep(degradation, layer, level);
  const cell = step
    ? await degraded(session, base, dataset, { name, level, images, step }, backend, ways)
    : { layer: name, level, alone: null, reason: noWay };
  session.alone.set(key, cell);
  return cell;
}

async function degraded(
  session: Session,
  base: Model,
  dataset: Dataset,
  { name, level, images, step }: { name: string; level: number; images: number; step: RecipeStep },
  backend: Backend,
  ways: Ways,
): Promise<SensitivityCell> {
  const contextFor = await contextMaker(session, { dataset, ...ways, parents: {} });
  try {
    const recipe = { version: 1, seed: 1, steps: [step] } as const;
    const { model, reports } = await runRecipe(
      base,
      recipe,
      (_index, seed) => contextFor(seed, () => undefined),
      PASSES,
    );
    await ways.between();
    // A factorisation that would enlarge the layer leaves it as it is, and says so.
    const left = reports[0]?.notes[0];
    if (left && modelId(model) === modelId(base) && step.pass.startsWith('low-rank'))
      return { layer: name, level, alone: null, reason: left };
    return { layer: name, level, alone: await compare(backend, base, model, dataset, name, images, ways) };
  } catch (error) {
    // What the pass itself said: that the recipe had one step is this file's own business.
    const cause = error instanceof StepError ? error.cause : error;
    if (cause instanceof PassError) return { layer: name, level, alone: null, reason: cause.words };
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
  const before = await evaluateOnce(backend, base, dataset, 'validation', ways);
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
