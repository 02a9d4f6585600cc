/** Pieces of the words that passes write: numbers in formulae, and lists of names. */

/** A number of a formula, to four significant digits. */
export function tidy(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A share of 0 to 1 as a percentage with one decimal, without its sign. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}
