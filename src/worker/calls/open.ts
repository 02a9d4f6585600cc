/**
 * Takes the model that the reader made of a file. It comes through a channel straight from the reader, so that weights
 * never pass the page; it is checked again here, kept in the vault, and summed up.
 */
import { DATASETS, fitsDataset } from '#core/datasets';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import type { CallContext } from '#worker/call';
import type { FormatId, OpenResult } from '#worker/protocol';
import { summaryOf } from '#worker/summary';

/** What the reader sends through the channel. */
export interface ReadModel {
  readonly model: Model;
  readonly format: FormatId;
  readonly notes: OpenResult['notes'];
}

export async function open(request: unknown, { session, signal, progress }: CallContext<'open'>): Promise<OpenResult> {
  const { model, format, notes } = await received((request as { readonly port: MessagePort }).port, signal);
  progress({ done: 0.5 });
  validateModel(model);
  const summary = await summaryOf(model);
  signal.throwIfAborted();
  await (await session.vault).put(model);
  const fits = DATASETS.filter((facts) => fitsDataset(summary.inputShape, summary.classes, facts)).map(({ id }) => id);
  return { model: summary, format, notes, fits };
}

function received(port: MessagePort, signal: AbortSignal): Promise<ReadModel> {
  return new Promise<ReadModel>((resolve, reject) => {
    port.onmessage = (event: MessageEvent) => resolve(event.data as ReadModel);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  }).finally(() => port.close());
}
