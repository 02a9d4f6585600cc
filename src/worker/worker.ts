/**
 * The engine's worker: wires the dispatcher to messages, the vault to this origin's files, and the page's address to
 * the data sets. Everything it does is in dispatch.ts and calls/.
 */
import { setVisible } from '#engine/backends/wasm/attention';
import { fetchAhead, makeDispatcher } from '#worker/dispatch';
import type { FromWorker, ToWorker } from '#worker/protocol';
import { makeSession } from '#worker/session';
import { originFiles } from '#worker/vault/files';
import { openVault } from '#worker/vault/vault';

declare const self: DedicatedWorkerGlobalScope;

const cacheBytes = 400_000_000;
const notSaved = {
  en: 'This browser could not store the model: storage is full or was taken away. It stays in memory until the page is closed; export what you want to keep.',
  zh: '浏览器无法存储模型：存储空间已满或不可用。模型将保留在内存中直到页面关闭；请导出需要保留的模型。',
};

let base = self.location.href;
/** Nothing is fetched ahead before the first answer: until then the page itself is being fetched. */
let hasAnswered = false;
const post = (message: FromWorker, transfer: Transferable[] = []): void => {
  self.postMessage(message, transfer);
  if (message.type !== 'result' || hasAnswered) return;
  hasAnswered = true;
  fetchAhead();
};
const notice = (fault: Extract<FromWorker, { type: 'notice' }>['fault']): void => post({ type: 'notice', fault });
const vault = originFiles(self).then((files) =>
  openVault(files, {
    cacheBytes,
    onFailure: (error) =>
      notice({ code: 'not-saved', where: error instanceof Error ? error.message : String(error), words: notSaved }),
  }),
);
const dispatch = makeDispatcher(
  makeSession({
    base: () => base,
    vault,
    notice,
    onBackend: ({ reports, backend }) => post({ type: 'backend', backends: reports, chosen: backend.id }),
  }),
  post,
);

self.onmessage = (event: MessageEvent<ToWorker>) => {
  if (event.data.type === 'base') {
    base = event.data.href;
    if (event.data.lock) holdForLife(event.data.lock);
  } else if (event.data.type === 'visible') setVisible(event.data.visible);
  else dispatch(event.data);
};

/** Holds a lock that only the end of this worker releases, however it ends. */
function holdForLife(name: string): void {
  const held = self.navigator.locks?.request(name, () => {
    post({ type: 'alive' });
    return new Promise(() => undefined);
  });
  held?.catch(() => undefined);
}
