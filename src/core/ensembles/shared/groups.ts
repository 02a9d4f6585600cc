/**
 * Groups of classes, for specialists and chains of tasks: group g belongs to member g + 1, member 0 decides between groups.
 */
import { chosenGroup, evenGroups, type Groups } from '#core/ensembles/class-groups';
import type { MemberAnswers } from '#core/ensembles/ensemble';
import { softmaxRows } from '#core/numeric/softmax';
import type { EnsembleState } from '#core/predictor';

/** The state's groups where they fit so many, each class once; else classes in equal runs. */
export function groupsIn({ groups }: EnsembleState, count: number, classes: number): Groups {
  if (Array.isArray(groups) && groups.length === count) {
    const all = (groups as Groups).flat().toSorted((a, b) => a - b);
    if (all.length === classes && all.every((c, i) => c === i)) return groups as Groups;
  }
  return evenGroups(count, classes);
}

/** Groups as a person chose them, some maybe without classes; null where it was left to the method. */
export function chosenGroups(chosen: readonly string[], count: number, classes: number): Groups | null {
  if (chosen.length === 0) return null;
  const groups: number[][] = Array.from({ length: count }, () => []);
  for (let label = 0; label < classes; label++) groups[chosenGroup(chosen, label, count, classes)]?.push(label);
  return groups;
}

/** Learned of such groups: as chosen by a person, else by who is strong on what. The first of the members decides between groups. */
export function fitGroups(
  { logits, labels, classes }: MemberAnswers,
  { classes: chosen }: { readonly classes: readonly string[] },
): EnsembleState {
  return {
    groups: chosenGroups(chosen, logits.length - 1, classes) ?? groupsByStrength(logits.slice(1), labels, classes),
  };
}
/** Whether that looks at the answers. */
export const learnsGroups = ({ classes }: { readonly classes: readonly string[] }): boolean => classes.length === 0;

/**
 * Every class to the specialist that gives its images the largest mean log-probability on the images looked at; a class
 * without images to the first. `logits` of the specialists only. A specialist may end without classes.
 */
function groupsByStrength(logits: readonly Float32Array[], labels: ArrayLike<number>, classes: number): Groups {
  const strength = logits.map((own) => {
    const p = softmaxRows(own, classes);
    const sums = new Float64Array(classes);
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      sums[label] = (sums[label] as number) + Math.log(Math.max(p[i * classes + label] as number, 1e-30));
    }
    return sums;
  });
  const groups: number[][] = logits.map(() => []);
  for (let c = 0; c < classes; c++) {
    let best = 0;
    for (const [g, sums] of strength.entries()) if ((sums[c] as number) > (strength[best]?.[c] as number)) best = g;
    groups[best]?.push(c);
  }
  return groups;
}

/**
 * Classes that are confused come together: starting from single classes, the two groups joined are those with the most
 * confusions between them for each pair of classes (average linkage), until `count` are left. Of equal ones the first.
 */
export function groupsByConfusion(confusion: ArrayLike<number>, classes: number, count: number): Groups {
  const groups: number[][] = Array.from({ length: classes }, (_, c) => [c]);
  const between = (a: readonly number[], b: readonly number[]): number => {
    let sum = 0;
    for (const i of a)
      for (const j of b) sum += (confusion[i * classes + j] as number) + (confusion[j * classes + i] as number);
    return sum / (a.length * b.length);
  };
  while (groups.length > Math.max(1, count)) {
    let best: readonly [number, number] = [0, 1];
    let most = Number.NEGATIVE_INFINITY;
    for (let a = 0; a < groups.length; a++) {
      for (let b = a + 1; b < groups.length; b++) {
        const here = between(groups[a] as number[], groups[b] as number[]);
        // Between equals the smaller groups are joined, so that no group swallows all.
        const size = ((groups[a]?.length ?? 0) + (groups[b]?.length ?? 0)) * 1e-9;
        if (here - size > most) {
          most = here - size;
          best = [a, b];
        }
      }
    }
    const [a, b] = best;
    groups[a] = [...(groups[a] as number[]), ...(groups[b] as number[])].toSorted((x, y) => x - y);
    groups.splice(b, 1);
  }
  return groups;
}

/**
 * Rows of P(c) = P(g) P(c | g): P(g) is the first member's sum over the group, P(c | g) the softmax of the group's own
 * member over its classes. With `one`, only the likeliest group's member is asked, and the first answers for the others.
 * Also says, by member, where it was asked.
 */
export function byGroups(
  logits: readonly Float32Array[],
  classes: number,
  groups: Groups,
  one: boolean,
): { readonly probabilities: Float64Array; readonly used: readonly Float32Array[] } {
  const first = softmaxRows(logits[0] as Float32Array, classes);
  const images = first.length / classes;
  const probabilities = first.slice();
  const used = logits.map((_, m) => new Float32Array(images).fill(m === 0 || !one ? 1 : 0));
  for (let i = 0; i < images; i++) {
    const at = i * classes;
    const shares = groups.map((group) => group.reduce((sum, c) => sum + (first[at + c] as number), 0));
    const likeliest = shares.reduce((best, share, g) => (share > (shares[best] as number) ? g : best), 0);
    for (const [g, group] of groups.entries()) {
      const own = logits[g + 1];
      if (!own || group.length === 0 || (one && g !== likeliest)) continue;
      (used[g + 1] as Float32Array)[i] = 1;
      const inside = softmaxRows(
        group.map((c) => own[at + c] as number),
        group.length,
      );
      for (const [k, c] of group.entries()) probabilities[at + c] = (shares[g] as number) * (inside[k] as number);
    }
  }
  return { probabilities, used };
}
