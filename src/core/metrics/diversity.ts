/**
 * How differently the members of an ensemble err. Pairs: the share of images on which exactly one is right (disagreement,
 * Skalak 1996) and Yule's Q-statistic (Yule 1900; Kuncheva and Whitaker 2003): 0 for independent errors, positive where
 * they err together, negative where they err apart. And the images that only the ensemble gets right.
 */

export interface PairDiversity {
  readonly first: number;
  readonly second: number;
  /** Share of images on which exactly one of the two is right, 0 to 1. */
  readonly disagreement: number;
  /** -1 to 1; not a number where it is not defined (one of the two is always right, or always wrong). */
  readonly q: number;
}
export interface Diversity {
  /** Every pair of members, first < second. */
  readonly pairs: readonly PairDiversity[];
  /** Means over the pairs (of those with a Q-statistic); not a number where there is none. */
  readonly disagreement: number;
  readonly q: number;
}

/** `correct` by member: one byte an image, 1 where it is right. Throws RangeError for unequal lengths. */
export function diversityOf(correct: readonly Uint8Array[]): Diversity {
  const pairs = correct.flatMap((one, first) =>
    correct
      .slice(first + 1)
      .map((other, i): PairDiversity => ({ first, second: first + 1 + i, ...pairOf(one, other) })),
  );
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    pairs,
    disagreement: mean(pairs.map(({ disagreement }) => disagreement)),
    q: mean(pairs.map(({ q }) => q).filter((q) => !Number.isNaN(q))),
  };
}

/** Indices of the images that the ensemble gets right and none of its members does, and of those it alone gets wrong. */
export function onlyTogether(
  ensemble: Uint8Array,
  members: readonly Uint8Array[],
): { readonly gained: readonly number[]; readonly lost: readonly number[] } {
  const gained: number[] = [];
  const lost: number[] = [];
  for (let i = 0; i < ensemble.length; i++) {
    if (ensemble[i] && members.every((member) => !member[i])) gained.push(i);
    if (!ensemble[i] && members.every((member) => member[i])) lost.push(i);
  }
  return { gained, lost };
}

function pairOf(one: Uint8Array, other: Uint8Array): { disagreement: number; q: number } {
  if (one.length !== other.length) throw new RangeError(`${one.length} and ${other.length} images cannot be paired`);
  const count = [0, 0, 0, 0];
  for (let i = 0; i < one.length; i++) {
    const at = 2 * (one[i] ? 1 : 0) + (other[i] ? 1 : 0);
    count[at] = (count[at] as number) + 1;
  }
  const [none, second, first, both] = count as [number, number, number, number];
  const [alike, unlike] = [both * none, first * second];
  return { disagreement: (first + second) / one.length, q: (alike - unlike) / (alike + unlike) };
}
