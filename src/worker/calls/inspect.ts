/**
 * What becomes of one layer's weights. It is asked about when a slider's answer is there already, so the changed model is at
 * hand; answers are kept by question.
 */
import { type Inspection, inspectable, inspectLayer } from '#core/inspection/inspection';
import { layerOf, tensorOf } from '#core/model/edit';
import type { Model } from '#core/model/model';
import type { Handler } from '#worker/call';
import { changedModel } from '#worker/calls/changed-model';
import type { Calls, InspectResult } from '#worker/protocol';
import type { Session } from '#worker/session';

type Question = Calls['inspect']['request'];

export const inspect: Handler<'inspect'> = async (question, { session, signal }) => {
  const key = JSON.stringify(question);
  const known = session.inspections.get(key);
  if (known) return known;
  const latest = new AbortController();
  session.lastInspection?.abort(new DOMException('a later one came', 'AbortError'));
  session.lastInspection = latest;
  const either = AbortSignal.any([signal, latest.signal]);
  const result = await session.scheduler.run(
    'glance',
    async (between) => {
      const { before, after, sketch } = await models(session, question, { signal: either, between });
      await between();
      const layers = inspectable(before);
      const layer = layers.find((name) => name === question.layer) ?? largest(before, layers);
      const inspection: Inspection | null = layer === undefined ? null : inspectLayer(before, after, layer);
      return { inspection, layers, sketch } satisfies InspectResult;
    },
    { signal: either },
  );
  session.inspections.set(key, result);
  return result;
};

async function models(
  session: Session,
  { model, by }: Question,
  ways: { readonly signal: AbortSignal; readonly between: () => Promise<void> },
): Promise<{ before: Model; after: Model; sketch: boolean }> {
  const vault = await session.vault;
  const asked = await vault.get(model);
  if (by.kind === 'model') return { before: await vault.get(by.before), after: asked, sketch: false };
  const { model: after, trains, unchanged } = await changedModel(session, by, asked, ways);
  return { before: asked, after, sketch: trains && unchanged === null };
}

/** The layer with most weights, the first of several. */
function largest(model: Model, names: readonly string[]): string | undefined {
  const size = (name: string): number => {
    const layer = layerOf(model, name);
    return (layer && tensorOf(model, layer, 'kernel')?.data.length) ?? 0;
  };
  return names.reduce<string | undefined>((best, name) => (best && size(best) >= size(name) ? best : name), undefined);
}
