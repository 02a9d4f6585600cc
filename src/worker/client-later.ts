/** A worker that is started later: what is posted until then waits, in order. So the page can be drawn first. */
import type { Wire } from '#worker/client';

export function startLater(start: () => Wire, when: Promise<unknown>): Wire {
  const waiting: (readonly [unknown, Transferable[]])[] = [];
  let started: Wire | null = null;
  let ended = false;
  const wire: Wire = {
    onmessage: null,
    onerror: null,
    onmessageerror: null,
    postMessage(message, transfer) {
      if (started) started.postMessage(message, transfer);
      else waiting.push([message, transfer]);
    },
    terminate() {
      ended = true;
      started?.terminate();
    },
  };
  const begin = (): void => {
    if (ended) return;
    started = start();
    started.onmessage = (event) => wire.onmessage?.(event);
    started.onerror = (event) => wire.onerror?.(event);
    started.onmessageerror = (event) => wire.onmessageerror?.(event);
    for (const [message, transfer] of waiting.splice(0)) started.postMessage(message, transfer);
  };
  when.then(begin, begin);
  return wire;
}
