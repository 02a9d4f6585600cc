/** Which classes go together, as people are asked for it and as they say it; what is done with groups is in shared/groups. */
import type { ClassGroupsParam } from '#core/params';

/** Class indices by group; every class is in one. */
export type Groups = readonly (readonly number[])[];

/** For people to say which classes go together. */
export const CLASS_GROUPS: ClassGroupsParam = {
  kind: 'classGroups',
  default: [],
  label: { en: 'Choose the groups of classes by hand', zh: '手动选择类别分组' },
};

/** The group of a class, from 0, as a person chose it; of a class that nobody put anywhere, as in equal runs. */
export function chosenGroup(chosen: readonly string[], label: number, count: number, classes: number): number {
  const usual = Math.max(
    0,
    evenGroups(count, classes).findIndex((group) => group.includes(label)),
  );
  return Math.min(count - 1, chosen[label] === undefined ? usual : Number(chosen[label]) - 1);
}
/** Classes in `count` runs of about equal length. */
export function evenGroups(count: number, classes: number): Groups {
  const edge = (g: number): number => Math.round((g * classes) / count);
  return Array.from({ length: count }, (_, g) => Array.from({ length: edge(g + 1) - edge(g) }, (_, i) => edge(g) + i));
}
