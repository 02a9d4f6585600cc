/** SAMME's arithmetic (Zhu et al. 2009), for the vote and for the making of its members. */

/** A member's weight: ln((1 - error) / error) + ln(classes - 1); positive where it is better than guessing. */
export function sammeWeight(error: number, classes: number): number {
  return Math.log((1 - error) / error) + Math.log(classes - 1);
}
