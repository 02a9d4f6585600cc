/**
 * Seeded random numbers: the same seed gives the same stream on every machine. Integer arithmetic only, so no
 * rounding differs between engines. Generator: xoshiro128** (Blackman and Vigna 2018), seeded by splitmix32.
 */

/** A stream of uniform numbers in [0, 1) with 32 bits each. `seed` is any integer. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = next();
  let b = next();
  let c = next();
  let d = next();
  return () => {
    const mixed = Math.imul(b, 5);
    const result = Math.imul((mixed << 7) | (mixed >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result / 4294967296;
  };
}

/** A uniform order of 0 … count - 1 (Fisher and Yates). */
export function shuffledIndices(count: number, random: () => number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const swap = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swap;
  }
  return order;
}

/** A standard normal number (Box and Muller). */
export function normal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/** A seed for a named part of a run, so that parts do not share a stream. */
export function derivedSeed(seed: number, part: string): number {
  let hash = seed | 0;
  for (let i = 0; i < part.length; i++) hash = (Math.imul(hash ^ part.charCodeAt(i), 0x01000193) + 0x9e3779b9) | 0;
  return hash;
}
