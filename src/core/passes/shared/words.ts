/** Pieces of the words that passes write: numbers in formulae, and lists of names. */

/** A number of a formula, to four significant digits. */
export function tidy(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** How many of something, in English: "1 layer", "2 layers". */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** A share of 0 to 1 as a percentage with one decimal, without its sign. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}
