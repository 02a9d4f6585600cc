/**
 * Takes the model, or the ensemble, that the reader made of a file. It comes through a channel straight from the reader, so that weights
 * never pass the page; it is checked again here, kept in the vault, and summed up.
 */
import { DATASETS, fitsDataset } from '#core/datasets';
import { validateModel } from '#core/model/validate';
import { modelsOf, type Predictor } from '#core/predictor';
import type { CallContext } from '#worker/call';
import type { FormatId, OpenResult } from '#worker/protocol';
import { summaryOfPredictor } from '#worker/summary-predictor';

/** What the reader sends through the channel. */
export interface ReadModel {
  readonly predictor: Predictor;
  /** What it is called. */
  readonly name: string;
  readonly format: FormatId;
  readonly notes: OpenResult['notes'];
}

export async function open(request: unknown, { session, signal, progress }: CallContext<'open'>): Promise<OpenResult> {
  const read = await received((request as { readonly port: MessagePort }).port, signal);
  const { predictor, format, notes } = read;
  progress({ done: 0.5 });
  for (const model of modelsOf(predictor)) validateModel(model);
  const summary = await summaryOfPredictor(predictor, read.name, memberNames(predictor));
  signal.throwIfAborted();
  await (await session.vault).putPredictor(predictor);
  const fits = DATASETS.filter((facts) => fitsDataset(summary.inputShape, summary.classes, facts)).map(({ id }) => id);
  return { model: summary, format, notes, fits };
}

/** What the members of an opened ensemble are called. */
function memberNames(predictor: Predictor): readonly string[] {
  if (predictor.kind !== 'ensemble') return [];
  return predictor.members.map((member, m) =>
    member.kind === 'model' ? member.model.name : `${member.kind} ${m + 1}`,
  );
}

function received(port: MessagePort, signal: AbortSignal): Promise<ReadModel> {
  return new Promise<ReadModel>((resolve, reject) => {
    port.onmessage = (event: MessageEvent) => resolve(event.data as ReadModel);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  }).finally(() => port.close());
}
