/** The recipes' short table, for the README: what each reached, beside what was asked, what papers report and a network from scratch. */
import { markdownHead, markdownRow } from '../markdown';
import { errorOf, type ReportLine, type RowTable } from './report';

const HEADS = [
  '',
  'test error, %',
  '.whittle bytes',
  'against float32',
  'loss, points',
  'from scratch: error, %',
  'minutes',
  'paper',
  'asked',
] as const;
const FROM_SCRATCH = 'from scratch';

/** As Markdown. `details` is where the whole tables are, `picture` the drawing of them. */
export function summaryOf(tables: readonly RowTable[], details: string, picture: string): string {
  return [
    `![Bytes of the file against errors on MNIST’s test images, recipe by recipe](${picture})`,
    '',
    ...markdownHead(HEADS),
    ...tables.flatMap((table) => summaryLines(table).map(markdownRow)),
    '',
    `Every stage of every recipe, with its notes: [${details}](${details}).`,
    '',
  ].join('\n');
}

/** The row's last stage, and before it those that a paper has a figure for. */
function summaryLines({ row, lines, verdict }: RowTable): string[][] {
  const stages = lines.filter(({ stage }) => stage !== FROM_SCRATCH);
  const scratch = lines.find(({ stage }) => stage === FROM_SCRATCH);
  const last = stages.at(-1);
  const shown = stages.filter((one) => one === last || one.paper !== '');
  const seeds = (line: ReportLine): string => (line.seeds < row.seeds ? ` (${line.seeds} of ${row.seeds} seeds)` : '');
  return shown.map((one) => [
    `${one === shown[0] ? row.title : ''}${shown.length > 1 ? `${one === shown[0] ? ': ' : ''}${one.stage}` : ''}${seeds(one)}`,
    errorOf(one),
    one.bytes,
    one.ratio,
    one.loss,
    one === last && scratch ? errorOf(scratch) : '',
    one.minutes,
    one.paper,
    one === last ? verdict.replace(/^Asked: /, '').replace(/, with \d+ of \d+ seeds\.$|\.$/, '') : '',
  ]);
}
