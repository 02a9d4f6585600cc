/** The table of what the ensembles reached: mean and spread over the seeds, and the gain image by image with its interval. */
import { type Answered, errorWords, lossOf, lossWords, mean, whole } from '../long/compare';
import { markdownHead, markdownRow } from '../markdown';
import type { RowRecord } from './record';
import type { Row } from './row';

export interface ReportLine {
  readonly row: Row;
  readonly seeds: number;
  readonly cells: readonly string[];
  readonly version: string;
}

export const HEADS = [
  '',
  'test error, %',
  'best member, %',
  'against it, points',
  'validation, %',
  'bytes',
  'parameters',
  'MACs, mean',
  'minutes',
] as const;

/** The rows that were measured, each with the latest line of each seed. */
export function linesOf(rows: readonly Row[], records: readonly RowRecord[]): readonly ReportLine[] {
  return rows.flatMap((row): ReportLine[] => {
    const seeds = seedsOf(row.name, records);
    if (seeds.length === 0) return [];
    const before = comparedWith(row, records);
    const of = (column: 'bytes' | 'parameters' | 'macs' | 'validation' | 'seconds'): number =>
      mean(seeds.map((one) => one[column]));
    const cells = [
      row.title,
      errorWords(seeds),
      before.length > 0 ? errorWords(before) : '',
      lossWords(lossOf(before, seeds)),
      (100 * of('validation')).toFixed(2),
      `${whole(of('bytes'))}${seeds.every(({ graph }) => graph) ? '' : ' (zip)'}`,
      whole(of('parameters')),
      whole(of('macs')),
      (of('seconds') / 60).toFixed(1),
    ];
    return [{ row, seeds: seeds.length, cells, version: seeds.at(-1)?.version ?? '' }];
  });
}

function seedsOf(name: string, records: readonly RowRecord[]): readonly RowRecord[] {
  const latest = new Map<number, RowRecord>();
  for (const one of records) if (one.row === name) latest.set(one.seed, one);
  return [...latest.values()].sort((a, b) => a.seed - b.seed);
}

/** What a row is compared with: the row that it names, else the best of its members. */
function comparedWith(row: Row, records: readonly RowRecord[]): readonly Answered[] {
  if (row.against !== undefined) return seedsOf(row.against, records);
  return seedsOf(row.name, records)
    .filter(({ best }) => best > 0)
    .map(({ seed, images, bestErrors, bestWrong }) => ({ seed, images, errors: bestErrors, wrong: bestWrong }));
}

/** Whether the ensemble that validation images choose is ahead of its best member, and the student of itself alone. */
export function verdictsOf(rows: readonly Row[], records: readonly RowRecord[]): readonly string[] {
  const combined = rows.filter(({ part }) => part === 'Combined' || part === 'Made to go together');
  const chosen = combined
    .filter((row) => comparedWith(row, records).length > 0)
    .map((row) => ({ row, validation: mean(seedsOf(row.name, records).map((one) => one.validation)) }))
    .sort((a, b) => b.validation - a.validation)[0]?.row;
  const said = (row: Row, what: string, than: string): string[] => {
    const loss = lossOf(comparedWith(row, records), seedsOf(row.name, records));
    if (!loss) return [];
    const [low, high] = [-loss.high, -loss.low];
    const side = low > 0 ? 'ahead of' : high < 0 ? 'behind' : 'not told apart from';
    const interval = `${(-loss.value).toFixed(2)} points, 95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}`;
    return [`${what} is ${side} ${than} (${interval}).`];
  };
  return [
    ...(chosen
      ? said(chosen, `The ensemble that validation images choose, “${chosen.title}”,`, 'its best member')
      : []),
    ...rows
      .filter(({ against }) => against !== undefined)
      .flatMap((row) => said(row, `“${row.title}”`, `“${rows.find(({ name }) => name === row.against)?.title}”`)),
  ];
}

export function printTable(lines: readonly ReportLine[], verdicts: readonly string[]): void {
  const all = [HEADS, ...lines.map(({ cells }) => cells)];
  const widths = HEADS.map((_, column) => Math.max(...all.map((cells) => (cells[column] as string).length)));
  let part = '';
  for (const [i, cells] of all.entries()) {
    const own = lines[i - 1]?.row.part ?? '';
    if (own !== part) console.log(`\n ${own}`);
    part = own;
    console.log(`  ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`);
  }
  for (const verdict of verdicts) console.log(`  ${verdict}`);
}

/** The same for the README. */
export function sectionOf(lines: readonly ReportLine[], verdicts: readonly string[]): string {
  const [first] = lines;
  if (!first) return '';
  const parts = [...new Set(lines.map(({ row }) => row.part))];
  const seeds = Math.min(...lines.map((line) => line.seeds));
  return [
    ...markdownHead(HEADS),
    ...parts.flatMap((part) => [
      `| **${part}** |${' |'.repeat(HEADS.length - 1)}`,
      ...lines.filter(({ row }) => row.part === part).map(({ cells }) => markdownRow(cells)),
    ]),
    '',
    `${seeds === 1 ? '1 seed' : `${seeds} seeds`}. ${verdicts.join(' ')} Version ${lines.at(-1)?.version}.`,
    '',
  ].join('\n');
}
