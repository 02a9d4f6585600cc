/** Rows that are held to a target of their own instead of a peer. */
import type { Line } from '../measurements';
import type { TableLine } from '../row';

export const TARGET = 'Target';

export interface Target {
  readonly what: string;
  readonly who: string;
  /** One figure from all values of the run. */
  readonly figure: (values: readonly number[]) => number;
  readonly show: (figure: number) => string;
  /** In the figure's unit; absent where nothing was promised. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A table line for each target that something was measured for; several may look at the same measurements. */
export function targetTable(lines: readonly Line[], targets: readonly Target[]): TableLine[] {
  return targets.flatMap((target) => {
    const values = lines.flatMap((line) => (line.what === target.what ? [line.value] : []));
    if (values.length === 0) return [];
    const figure = target.figure(values);
    const { atMost, atLeast, show } = target;
    const limit = atMost ?? atLeast;
    const isMet = (atMost === undefined || figure <= atMost) && (atLeast === undefined || figure >= atLeast);
    const bound =
      limit === undefined
        ? ''
        : `${isMet ? 'met' : 'missed'}: at ${atMost === undefined ? 'least' : 'most'} ${show(limit)}`;
    return [{ what: target.what, who: `${target.who}, ${values.length} times`, figure: show(figure), against: bound }];
  });
}
