/**
 * Arithmetic that takes seconds, done in parts: between two of them what waits (a slider, stop) goes first.
 */
import type { PassContext } from '#core/pass';

/** Multiplications between two pauses: some hundredths of a second. */
const STRETCH = 2e7;

/** Runs to the end what yields, part by part, how many multiplications it has done since. Rejects with the signal's reason. */
export async function inParts<T>(
  parts: Iterator<number, T>,
  { pause, signal }: Pick<PassContext, 'pause' | 'signal'>,
): Promise<T> {
  let since = 0;
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
    since += value;
    if (since < STRETCH) continue;
    since = 0;
    await pause?.();
    signal.throwIfAborted();
  }
}
