/** How a small operand's axes lie in a large one's, for backends that walk them by sizes and strides. */
import { BackendError } from '#engine/backend';

/** Neighbouring axes that a broadcast treats alike, as one. */
export interface AxisGroup {
  size: number;
  /** Whether the small operand has these values too; it has one for all of them otherwise. */
  readonly own: boolean;
}

/** More than these no kernel walks. */
export const AXES = 5;

/** First to last, axes of one value left out. Throws BackendError for shapes that do not broadcast, and for too many groups. */
export function axisGroups(big: readonly number[], small: readonly number[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  big.forEach((size, axis) => {
    const other = small[axis - (big.length - small.length)] ?? 1;
    if (other !== 1 && other !== size)
      throw new BackendError('unsupported', `shapes [${big}] and [${small}] do not broadcast`);
    if (size === 1) return;
    const own = other !== 1;
    const before = groups.at(-1);
    if (before && before.own === own) before.size *= size;
    else groups.push({ size, own });
  });
  if (groups.length > AXES) throw new BackendError('unsupported', `shapes [${big}] and [${small}] alternate too often`);
  return groups;
}
