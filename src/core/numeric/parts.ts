/**
 * Arithmetic that takes long is written as a generator: now and then it yields how many multiplications it has done since
 * it last did, so that whoever runs it may let others go first.
 */

/** Runs it to the end at one go. */
export function atOnce<T>(parts: Iterator<number, T>): T {
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
  }
}
