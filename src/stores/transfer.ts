/**
 * Models coming in from files and going out as files. Files are read in a worker of their own; a file that cannot be
 * read changes nothing. What is offered for download was read back and measured first.
 */
import { createStore } from 'zustand/vanilla';
import { checkFileSizes } from '#formats/index';
import { loadDataset } from '#stores/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { measureNode } from '#stores/measure';
import { addNode, project, selectedNode, uniqueName } from '#stores/project';
import type { ModelNode, TransferState } from '#stores/state';
import { announce, notify } from '#stores/view';
import { FaultError } from '#worker/client';
import type { FormatId, OpenResult } from '#worker/protocol';

export const transfer = createStore<TransferState>()(() => ({
  opening: null,
  opened: null,
  openFault: null,
  format: 'tfjs-layers',
  unsupportedGrids: 'float',
  exporting: null,
  ready: null,
  exportFault: null,
}));

let opening: AbortController | null = null;

/** Opens a model from one file or several that belong together. Dropping again while one is being read gives that up. */
export async function openFiles(files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  opening?.abort();
  const stop = new AbortController();
  opening = stop;
  const isLatest = (): boolean => opening === stop;
  transfer.setState({ opening: { names: files.map(({ name }) => name), done: 0 }, opened: null, openFault: null });
  try {
    const read = await readBytes(files);
    if (!isLatest()) return;
    const result = await call(
      'open',
      { files: read },
      {
        signal: stop.signal,
        transfer: read.map(({ bytes }) => bytes.buffer as ArrayBuffer),
        onProgress: ({ done }) =>
          transfer.setState(({ opening }) => (opening && isLatest() ? { opening: { ...opening, done } } : {})),
      },
    );
    transfer.setState({ opened: result });
    await addOpened(result, files);
  } catch (error) {
    if (!isLatest() || isAbort(error)) return;
    const fault = faultOf(error);
    transfer.setState({ openFault: fault });
    announce(fault.words);
  } finally {
    if (isLatest()) transfer.setState({ opening: null });
  }
}

function refusal(code: string, file: string, en: string, zh: string): FaultError {
  return new FaultError({ code, file, words: { en, zh } });
}

async function readBytes(files: readonly File[]): Promise<{ name: string; bytes: Uint8Array }[]> {
  // Before a byte is read: a file of many gigabytes would take the page with it.
  checkFileSizes(files);
  return Promise.all(
    files.map(async (file) => {
      try {
        return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
      } catch {
        throw refusal(
          'unreadable',
          file.name,
          'The file could not be read: it was moved, changed, or is a folder.',
          '无法读取文件：文件可能已被移动、修改，或者是一个文件夹。',
        );
      }
    }),
  );
}

async function addOpened(result: OpenResult, files: readonly File[]): Promise<void> {
  const known = result.fits.find((id) => id === result.model.meta.dataset);
  const dataset = known ?? result.fits[0] ?? null;
  const node: ModelNode = {
    id: crypto.randomUUID(),
    name: uniqueName(result.model.name),
    model: result.model.id,
    summary: result.model,
    parent: null,
    origin: { kind: 'opened', file: files[0]?.name ?? '', format: result.format },
    dataset,
    validation: null,
    test: null,
    latency: null,
    notes: result.notes.map(({ words }) => words),
    made: Date.now(),
  };
  addNode(node);
  announce({ en: `Opened ${node.name}.`, zh: `已打开 ${node.name}。` });
  if (dataset && (await loadDataset(dataset))) {
    await measureNode(node.id).catch((error: unknown) => {
      if (isAbort(error)) return;
      const fault = faultOf(error);
      notify({ level: 'error', words: fault.words, hint: fault.hint });
    });
  }
}

/** Puts the answer of the last opening away. */
export function dismiss(): void {
  transfer.setState({ opened: null, openFault: null });
}
export function setFormat(format: FormatId): void {
  transfer.setState({ format, ready: null, exportFault: null });
}
export function setGrids(unsupportedGrids: 'float' | 'requantize'): void {
  transfer.setState({ unsupportedGrids, ready: null, exportFault: null });
}

/** A file says what its model is called: under another name it is another file. */
project.subscribe((state, before) => {
  const { ready } = transfer.getState();
  if (ready && state.nodes[ready.node]?.name !== before.nodes[ready.node]?.name) transfer.setState({ ready: null });
});

/** Whether it goes out as several files in a zip, because no one graph can hold it: many ensembles, and all trees. */
export function isSeveral({ summary }: ModelNode): boolean {
  return summary.kind === 'trees' || (summary.kind === 'ensemble' && summary.ensemble?.oneGraph !== true);
}
/** The format that a node is written in: the chosen one, or the only one that can hold several. */
export function formatOf(node: ModelNode, chosen: FormatId): FormatId {
  return isSeveral(node) ? 'tfjs-layers' : chosen;
}

/** Writes the selected model in the chosen format, reads it back and measures it; the file is then in `ready`. */
export async function exportModel(): Promise<void> {
  const node = selectedNode();
  if (!node || transfer.getState().exporting !== null) return;
  const { format: chosen, unsupportedGrids } = transfer.getState();
  const format = formatOf(node, chosen);
  transfer.setState({ exporting: 0, ready: null, exportFault: null });
  try {
    const result = await call(
      'export',
      { model: node.model, name: node.name, dataset: node.dataset, format, unsupportedGrids },
      {
        onProgress: ({ done }) => transfer.setState({ exporting: done }),
      },
    );
    transfer.setState({ ready: { node: node.id, result } });
    const { length } = result.bytes;
    const size = length < 1e6 ? `${(length / 1e3).toFixed(1)} kB` : `${(length / 1e6).toFixed(2)} MB`;
    announce({ en: `${result.fileName} is ready, ${size}.`, zh: `${result.fileName} 已就绪，${size}。` });
  } catch (error) {
    if (!isAbort(error)) transfer.setState({ exportFault: faultOf(error) });
  } finally {
    transfer.setState({ exporting: null });
  }
}
