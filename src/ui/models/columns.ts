/** The columns of the table of models: the raw number of each cell, and sorting by it. */
import type { ModelNode } from '#stores/state';
import type { TreeRow } from '#ui/models/tree.ts';

export const COLUMNS = ['parameters', 'nonZero', 'size', 'macs', 'test', 'validation', 'latency', 'seconds'] as const;
export type Column = (typeof COLUMNS)[number];
export interface Sorting {
  readonly column: Column | 'name';
  readonly direction: 'ascending' | 'descending';
}

/** Counts, bytes, MACs, shares of 0 to 1, milliseconds, seconds of the last step; undefined where it was not measured. */
export function rawValue(
  { summary, test, validation, latency, origin }: ModelNode,
  column: Column,
): number | undefined {
  switch (column) {
    case 'parameters':
      return summary.parameters;
    case 'nonZero':
      return summary.nonZero;
    case 'size':
      return summary.bytes;
    case 'macs':
      return summary.macs;
    case 'test':
      return test?.value;
    case 'validation':
      return validation?.value;
    case 'latency':
      return latency?.medianMs;
    case 'seconds':
      return 'seconds' in origin ? origin.seconds : undefined;
    default:
      throw column satisfies never;
  }
}

/** The tree as it is, or a flat list by one column; what was not measured comes last either way. */
export function sortRows(rows: readonly TreeRow[], sorting: Sorting | null): readonly TreeRow[] {
  if (!sorting) return rows;
  const { column, direction } = sorting;
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ ...row, depth: 0 }))
    .sort((a, b) => {
      if (column === 'name') return sign * a.node.name.localeCompare(b.node.name);
      const [p, q] = [rawValue(a.node, column), rawValue(b.node, column)];
      if (p === undefined || q === undefined) return Number(p === undefined) - Number(q === undefined);
      return sign * (p - q);
    });
}

/** A click on a header: its better end first, then the other, then back to the tree. */
export function nextSorting(sorting: Sorting | null, column: Column | 'name'): Sorting | null {
  const first = column === 'test' || column === 'validation' ? 'descending' : 'ascending';
  if (sorting?.column !== column) return { column, direction: first };
  return sorting.direction === first ? { column, direction: first === 'ascending' ? 'descending' : 'ascending' } : null;
}
