/**
 * Lets waiting messages (pause, stop, a slider) in between two batches. Timers will not do: a hidden tab is given one
 * a second. A message channel, or setImmediate in Node, is never throttled.
 */

/** Resolves once the events that are waiting now have been handled. */
export const breathe: () => Promise<void> = makeBreathe();

function makeBreathe(): () => Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => void };
  if (setImmediate) return () => new Promise((resolve) => setImmediate(resolve));
  let channel: MessageChannel | undefined;
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      if (!channel) {
        channel = new MessageChannel();
        channel.port1.onmessage = () => waiting.shift()?.();
      }
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });
}
