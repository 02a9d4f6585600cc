/** A row's table for a terminal. */
import type { Line } from './measurements';
import type { Row } from './row';

export function printTable(row: Row, lines: readonly Line[]): void {
  const cells = row.table(lines).map(({ what, who, figure, against }) => [what, who, figure, against] as const);
  if (cells.length === 0) return;
  const all = [['', '', '', row.compared] as const, ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => (line[column] as string).length)));
  const [first] = lines;
  console.log(
    `\n${row.title}\n${first?.machine}; ${first?.browser}; version ${first?.version}; load ${first?.load}; ${first?.run}${first?.void ? '; VOID' : ''}\n`,
  );
  let before: string | null = null;
  for (const [what, who, figure, against] of all) {
    console.log(
      `${(what === before ? '' : what).padEnd(widths[0] ?? 0)}  ${who.padEnd(widths[1] ?? 0)}  ${figure.padStart(widths[2] ?? 0)}  ${against}`,
    );
    before = what;
  }
}
