/** Tables of what the recipes reached: mean and spread over the seeds, and the loss image by image with its interval. */
import { errorWords, lossOf, lossWords, mean, whole } from '../long/compare';
import type { StageRecord } from './record';
import type { Row } from './row';

/** A stage with all its seeds. */
export interface ReportLine {
  readonly stage: string;
  readonly seeds: number;
  /** "0.74 ± 0.03" percent of the test images wrong. */
  readonly error: string;
  /** "5,812 (5,790 to 5,840)". */
  readonly bytes: string;
  readonly ratio: string;
  readonly nonZero: string;
  readonly macs: string;
  /** More errors than the stage compared with, in points with the 95 % interval. */
  readonly loss: string;
  readonly epochs: number;
  /** Of everything that it takes, its teacher as well. */
  readonly minutes: string;
  readonly paper: string;
  /** How the images of the row's own class fared. */
  readonly only: string;
  readonly version: string;
}

/** The latest line of each seed of a stage. */
function latestOf(records: readonly StageRecord[], row: string, stage: string | undefined): readonly StageRecord[] {
  const latest = new Map<number, StageRecord>();
  for (const one of records) if (one.row === row && one.stage === stage) latest.set(one.seed, one);
  return [...latest.values()].sort((a, b) => a.seed - b.seed);
}

/** A stage, by its row's name and its own. */
type Named = readonly [row: string, stage: string];

/** The stages that have to be made for this one, it too: those before it, and what teaches them. */
function neededFor(row: Row, stage: string, rows: readonly Row[]): readonly Named[] {
  const own = row.stages.slice(0, 1 + row.stages.findIndex(({ name }) => name === stage));
  if (own.length === 0) return [[row.name, stage]];
  return own.flatMap(({ name, steps }): readonly Named[] => [
    ...steps.flatMap(({ values }) => {
      const [teacher, ofTeacher] = String(values['teacher'] ?? '').split('/');
      const other = rows.find((one) => one.name === teacher);
      return other && ofTeacher ? neededFor(other, ofTeacher, rows) : [];
    }),
    [row.name, name],
  ]);
}

/** A stage that several rows begin with was made once, for the others it only was read back: all are told what making it took. */
export function withTimes(records: readonly StageRecord[]): readonly StageRecord[] {
  const longest = new Map<string, number>();
  for (const { key, seconds } of records) longest.set(key, Math.max(seconds, longest.get(key) ?? 0));
  return records.map((one) => ({ ...one, seconds: longest.get(one.key) as number }));
}

/** Mean over the seeds; what several stages share counts once. */
function secondsOf(needed: readonly Named[], seeds: readonly number[], records: readonly StageRecord[]): number {
  const seconds = seeds.map((seed) => {
    const isNeeded = ({ row, stage, seed: own }: StageRecord): boolean =>
      own === seed && needed.some(([name, its]) => name === row && its === stage);
    const made = new Map(records.filter(isNeeded).map((one) => [one.key, one.seconds]));
    return [...made.values()].reduce((sum, one) => sum + one, 0);
  });
  return mean(seconds);
}

/** The row's stages that were measured, each with the latest line of each seed. `rows`: where its teachers are. */
export function linesOf(
  row: Row,
  records: readonly StageRecord[],
  labels: Uint8Array,
  rows: readonly Row[],
): readonly ReportLine[] {
  const seedsOf = (stage: string, name = row.name) => latestOf(records, name, stage);
  const names = [...row.stages.map(({ name }) => name), ...(row.scratch ? ['from scratch'] : [])];
  const [other, stageOfOther] = row.against?.split('/') ?? [row.name, row.stages[0]?.name as string];
  const against = seedsOf(stageOfOther as string, other);
  let epochs = 0;
  return names.flatMap((stage): ReportLine[] => {
    const seeds = seedsOf(stage);
    const [first] = seeds;
    if (!first) return [];
    const isOwn = stage === 'from scratch';
    epochs = isOwn ? first.epochs : epochs + first.epochs;
    const seconds = secondsOf(
      neededFor(row, stage, rows),
      seeds.map((one) => one.seed),
      records,
    );
    const bytes = seeds.map((one) => one.bytes);
    const start = mean(seedsOf(row.stages[0]?.name as string).map((one) => one.parameters));
    return [
      {
        stage,
        seeds: seeds.length,
        error: errorWords(seeds),
        bytes: `${whole(mean(bytes))}${seeds.length > 1 ? ` (${whole(Math.min(...bytes))} to ${whole(Math.max(...bytes))})` : ''}`,
        ratio: `${((4 * start) / mean(bytes)).toPrecision(3)}x`,
        nonZero: whole(mean(seeds.map((one) => one.nonZero))),
        macs: whole(mean(seeds.map((one) => one.macs))),
        loss: against[0]?.row === row.name && stage === against[0].stage ? '' : lossWords(lossOf(against, seeds)),
        epochs,
        minutes: (seconds / 60).toFixed(1),
        paper: row.stages.find(({ name }) => name === stage)?.paper ?? '',
        only: row.only === undefined ? '' : onlyOf(seeds, labels, row.only),
        version: seeds.at(-1)?.version ?? '',
      },
    ];
  });
}

/** What the row has to reach and whether its last stage does; '' where that is not measured or nothing is asked. */
export function verdictOf(row: Row, records: readonly StageRecord[]): string {
  const { target } = row;
  const last = latestOf(records, row.name, row.stages.at(-1)?.name);
  if (!target || last.length === 0) return '';
  const bytes = mean(last.map((one) => one.bytes));
  const error = mean(last.map((one) => one.errors / one.images));
  const first = latestOf(records, row.name, row.stages[0]?.name);
  const loss = lossOf(first, last);
  const asked = [
    ...(target.bytes === undefined ? [] : [{ words: `${whole(target.bytes)} bytes`, met: bytes <= target.bytes }]),
    ...(target.error === undefined
      ? []
      : [{ words: `${(100 * target.error).toFixed(2)} %`, met: error <= target.error }]),
    ...(target.loss === undefined
      ? []
      : [
          {
            words: `${(100 * target.loss).toFixed(2)} points lost`,
            met: loss !== null && loss.high <= 100 * target.loss,
          },
        ]),
  ];
  const seeds = last.length < row.seeds ? `, with ${last.length} of ${row.seeds} seeds` : '';
  return `Asked: at most ${asked.map(({ words }) => words).join(' at ')}; ${asked.every(({ met }) => met) ? 'met' : 'not met'}${seeds}.`;
}

function onlyOf(seeds: readonly StageRecord[], labels: Uint8Array, label: number): string {
  const all = labels.reduce((sum, one) => sum + (one === label ? 1 : 0), 0);
  const right = seeds.map(({ wrong }) => (100 * (all - wrong.filter((i) => labels[i] === label).length)) / all);
  return `of the images of class ${label}, ${mean(right).toFixed(2)} % are right`;
}

export const HEADS = [
  '',
  'test error, %',
  '.whittle bytes',
  'against float32',
  'not zero',
  'MACs',
  'loss, points',
  'epochs',
  'minutes',
  'paper',
] as const;
/** Its errors, and how the images of the row's own class fared. */
export const errorOf = ({ error, only }: ReportLine): string => (only ? `${error}; ${only}` : error);
export const cellsOf = (line: ReportLine): readonly string[] => [
  line.stage,
  errorOf(line),
  line.bytes,
  line.ratio,
  line.nonZero,
  line.macs,
  line.loss,
  String(line.epochs),
  line.minutes,
  line.paper,
];

/** What is printed of a row. */
export interface RowTable {
  readonly row: Row;
  readonly lines: readonly ReportLine[];
  readonly verdict: string;
}

export function printRows(tables: readonly RowTable[]): void {
  for (const { row, lines, verdict } of tables) {
    console.log(`\n${row.title} (${lines[0]?.seeds} seeds)`);
    const all = [HEADS, ...lines.map(cellsOf)];
    const widths = HEADS.map((_, column) => Math.max(...all.map((cells) => (cells[column] as string).length)));
    for (const cells of all)
      console.log(`  ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`);
    if (verdict) console.log(`  ${verdict}`);
  }
}
