/**
 * Gets the files of a data set from the page's own server, with progress by bytes, and unpacks what is gzipped. A server
 * may have unpacked a .gz on the way (Content-Encoding), so the first two bytes decide, not the name.
 */
import { joined } from '#core/numeric/joined';
import { DatasetError, offlineHint } from '#engine/datasets/errors';

export interface DatasetFile {
  /** Relative to the page. */
  readonly path: string;
  /** About how many bytes are fetched when gzipped: its share of the progress bar. */
  readonly packed: number;
  /** Exact bytes when unpacked; more are refused. */
  readonly unpacked: number;
}

export interface FetchOptions {
  /** The page's address. */
  readonly base: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { loaded: number; total: number }) => void) | undefined;
  /** Stands in for the global fetch in tests. */
  readonly fetch?: typeof fetch;
}

/** The unpacked bytes of all files, in order. Throws DatasetError, or AbortError when `signal` is aborted. */
export async function fetchFiles(files: readonly DatasetFile[], options: FetchOptions): Promise<readonly Uint8Array[]> {
  const shares = files.map(() => 0);
  const total = files.reduce((sum, file) => sum + file.packed, 0);
  const report = (index: number, share: number): void => {
    shares[index] = Math.min(1, share);
    const loaded = files.reduce((sum, file, at) => sum + file.packed * (shares[at] as number), 0);
    options.onProgress?.({ loaded: Math.round(loaded), total });
  };
  return Promise.all(files.map((file, index) => fetchFile(file, options, (share) => report(index, share))));
}

async function fetchFile(
  file: DatasetFile,
  options: FetchOptions,
  report: (share: number) => void,
): Promise<Uint8Array> {
  const { base, signal, fetch: get = fetch } = options;
  const fail = (detail: string): DatasetError =>
    new DatasetError(
      'fetch',
      file.path,
      { en: `The file could not be fetched: ${detail}.`, zh: `无法获取文件：${detail}。` },
      offlineHint,
    );
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    const response = await get(new URL(file.path, base), signal ? { signal } : {});
    if (!response.ok || !response.body) throw fail(`HTTP ${response.status}`);
    const announced = Number(response.headers.get('Content-Length')) || file.packed;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      received += value.length;
      if (received > file.unpacked + 1024) throw fail('it is larger than it should be');
      report(received / (isGzip(chunks) ? announced : file.unpacked));
    }
  } catch (error) {
    if (error instanceof DatasetError || signal?.aborted) throw error;
    throw fail(error instanceof Error ? error.message : String(error));
  }
  const bytes = isGzip(chunks) ? await gunzip(new Blob(chunks as BlobPart[]), file) : joined(chunks, Uint8Array);
  report(1);
  return bytes;
}

function isGzip(chunks: readonly Uint8Array[]): boolean {
  const [first, second] = [...(chunks[0] ?? []).slice(0, 2), ...(chunks[1] ?? []).slice(0, 1)];
  return first === 0x1f && second === 0x8b;
}

async function gunzip(packed: Blob, file: DatasetFile): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = packed.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value as Uint8Array);
      size += (value as Uint8Array).length;
      if (size > file.unpacked) {
        await reader.cancel();
        break;
      }
    }
  } catch {
    throw new DatasetError('gzip', file.path, {
      en: `The file is cut short or damaged (unpacked ${size} of ${file.unpacked} bytes).`,
      zh: `文件不完整或已损坏（已解压 ${size} / ${file.unpacked} 字节）。`,
    });
  }
  return joined(chunks, Uint8Array);
}
