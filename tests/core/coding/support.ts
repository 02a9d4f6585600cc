/** Sequences that coders must survive, and what every coder promises. */
import fc from '../../properties';

/** A stream of numbers in [0, 1) that is the same every time. */
export function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Symbols below `alphabet`, skewed: each is about `share` as frequent as the one before it. */
export function skewed(count: number, alphabet: number, share: number, seed = 1): Int32Array {
  const random = stream(seed);
  return Int32Array.from({ length: count }, () => {
    let symbol = 0;
    while (symbol < alphabet - 1 && random() < share) symbol++;
    return symbol;
  });
}

/** An alphabet with symbols of it: none, one, all alike, even, or rare ones among many. */
export const sequences = fc.integer({ min: 1, max: 300 }).chain((alphabet) =>
  fc.record({
    alphabet: fc.constant(alphabet),
    symbols: fc.oneof(
      fc.array(fc.nat(alphabet - 1), { maxLength: 200 }),
      fc.tuple(fc.nat(alphabet - 1), fc.nat(400)).map(([symbol, count]) => new Array<number>(count).fill(symbol)),
      fc
        .tuple(fc.nat(alphabet - 1), fc.nat(alphabet - 1), fc.nat(300))
        .map(([usual, rare, count]) => [...new Array<number>(count).fill(usual), rare]),
      fc.constant(Array.from({ length: alphabet }, (_, symbol) => symbol)),
    ),
  }),
);

/** Bits of entropy of the symbols' frequencies: what no code without memory can go below. */
export function entropyBits(symbols: ArrayLike<number>, alphabet: number): number {
  const counts = new Float64Array(alphabet);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i] as number] = (counts[symbols[i] as number] as number) + 1;
  return counts.reduce((sum, n) => sum - (n ? n * Math.log2(n / symbols.length) : 0), 0);
}
