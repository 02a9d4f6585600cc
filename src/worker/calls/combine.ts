/** Combines predictors into one: fitted, measured beside its members, and kept like any model. And the same as a preview. */

import { temperaturesIn } from '#core/ensembles/cascade';
import { cascadeCurve } from '#core/ensembles/shared/cascading';
import { diversityOf, onlyTogether } from '#core/metrics/diversity';
import { reachOf, totalsOf } from '#core/metrics/totals';
import type { Words } from '#core/params';
import type { EnsembleState, Predictor } from '#core/predictor';
import { type Handler, throttled } from '#worker/call';
import { asAccuracy, type Fitted, fit, type Gathered, gather, type Ways } from '#worker/combining';
import type { Accuracy, DatasetId } from '#worker/protocol';
import type { Combination, CombinePreview, CombineResult, CurvePoint } from '#worker/protocol-ensembles';
import type { Session } from '#worker/session';
import { summaryOfPredictor, weightsOf } from '#worker/summary-predictor';
import type { Vault } from '#worker/vault/vault';

export const combine: Handler<'combine'> = async (request, { session, signal, progress }) => {
  const vault = await session.vault;
  await session.dataset(request.dataset, { signal });
  const members = await predictorsOf(vault, request);
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    (between) =>
      combined(
        session,
        { ...request, members, names: request.members.map(({ name }) => name) },
        {
          signal,
          between,
          fitted: request.fitted,
          onProgress: report,
        },
      ),
    { signal },
  );
};

async function predictorsOf(vault: Vault, { members }: Combination): Promise<readonly Predictor[]> {
  const found = new Map<string, Predictor>();
  for (const { id } of members) found.set(id, found.get(id) ?? (await vault.predictor(id)));
  return members.map(({ id }) => found.get(id) as Predictor);
}

export interface ToCombine {
  readonly way: string;
  readonly values: Combination['values'];
  readonly state?: EnsembleState | undefined;
  readonly members: readonly Predictor[];
  readonly names: readonly string[];
  readonly dataset: DatasetId;
  readonly name: string;
}

/** Fits, measures and keeps an ensemble. Test images are looked at once, here. */
export async function combined(session: Session, asked: ToCombine, ways: Ways): Promise<CombineResult> {
  const begun = performance.now();
  const { dataset, names, name } = asked;
  const parts = asked.members.length + 2;
  const report = (from: number, share: number) => (done: number) => ways.onProgress?.((from + share * done) / parts);
  const gathered = await gather(session, asked.members, dataset, { ...ways, onProgress: report(0, parts / 2) });
  const fitted = await fit(gathered, asked, ways);
  const { ensemble, judged } = fitted;
  const test = await session.measure(ensemble, dataset, 'test', { ...ways, onProgress: report(parts / 2, parts / 2) });
  const tests: Accuracy[] = [];
  for (const member of asked.members) tests.push(await session.measure(member, dataset, 'test', ways));
  const model = await summaryOfPredictor(ensemble, name, names);
  const correct = gathered.judged.map((one) => one.correct);
  const { pairs } = diversityOf(correct);
  const table = <T>(own: T, of: (pair: (typeof pairs)[number]) => T): T[][] =>
    correct.map((_, i) =>
      correct.map((__, j) => {
        const pair = pairs.find(({ first, second }) => first === Math.min(i, j) && second === Math.max(i, j));
        return pair ? of(pair) : own;
      }),
    );
  const { gained, lost } = onlyTogether(judged.correct, correct);
  ways.signal.throwIfAborted();
  await (await session.vault).putPredictor(ensemble);
  return {
    model,
    validation: asAccuracy(judged),
    test,
    members: (model.ensemble?.members ?? []).map((member, m) => ({
      ...member,
      validation: asAccuracy(gathered.judged[m] as (typeof gathered.judged)[number]),
      test: tests[m] as Accuracy,
    })),
    disagreement: table(0, ({ disagreement }) => disagreement),
    q: table<number | null>(null, ({ q }) => (Number.isFinite(q) ? q : null)),
    onlyTogether: gained,
    onlyApart: lost,
    seconds: (performance.now() - begun) / 1000,
    notes: notesOf(fitted),
  };
}

function notesOf({ ensemble, learned }: Fitted): readonly Words[] {
  const twice = new Set(ensemble.members).size < ensemble.members.length;
  return [...(learned ? [LEARNED] : []), ...(twice ? [TWICE] : [])];
}
const LEARNED: Words = {
  en: 'This way of combining learns from validation images. Its validation accuracy is measured in five parts, each by what was learned from the other four.',
  zh: '这种组合方式会从验证图片中学习。其验证准确率分五份测量：每一份都用从其余四份学到的结果来测。',
};
const TWICE: Words = {
  en: 'One model is a member more than once: it is stored and run once.',
  zh: '有一个模型多次作为成员：它只存储和运行一次。',
};

export const combinePreview: Handler<'combinePreview'> = async (request, { session, signal, progress }) => {
  const latest = new AbortController();
  session.waitingCombination?.abort(new DOMException('a later one came', 'AbortError'));
  session.waitingCombination = latest;
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'slider',
    async (between) => {
      // Once it computes it is no longer waiting: the page aborts it where it wants to.
      if (session.waitingCombination === latest) session.waitingCombination = null;
      const members = await predictorsOf(await session.vault, request);
      const ways = { signal, between, fitted: request.fitted, onProgress: report };
      const gathered = await gather(session, members, request.dataset, ways);
      return previewOf(gathered, await fit(gathered, request, ways));
    },
    { signal: AbortSignal.any([signal, latest.signal]) },
  );
};

function previewOf(gathered: Gathered, { ensemble, judged }: Fitted): CombinePreview {
  const { macs, parameters } = totalsOf(ensemble);
  return {
    validation: asAccuracy(judged),
    macs,
    parameters,
    used: reachOf(ensemble),
    weights: weightsOf(ensemble),
    members: gathered.judged.map(asAccuracy),
    ...(ensemble.way === 'cascade' ? { curve: curveOf(gathered, ensemble.state) } : {}),
  };
}

/** It does not depend on where the threshold stands. */
const curves = new WeakMap<Gathered, readonly CurvePoint[]>();

function curveOf(gathered: Gathered, state: EnsembleState): readonly CurvePoint[] {
  const known = curves.get(gathered);
  if (known) return known;
  const { members, answers } = gathered;
  const macs = members.map((member) => totalsOf(member).macs);
  const temperatures = temperaturesIn(state, members.length);
  const points = cascadeCurve(answers.logits, answers.labels, answers.classes, macs, temperatures);
  const curve = points.map(({ threshold, accuracy, meanMacs }) => ({ value: threshold, accuracy, macs: meanMacs }));
  curves.set(gathered, curve);
  return curve;
}
