/** Typed arrays put one after another. */

type Numbers = Float32Array | Uint32Array | Uint8Array;

/** A new array, also of one part. */
export function joined<A extends Numbers>(parts: readonly A[], Kind: new (length: number) => A): A {
  const all = new Kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
