/** What was measured of each stage, one line each in results/recipes.csv, for ever. The wrong images are kept, so that any two lines can be compared image by image. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { folder } from '../measurements';

export interface StageRecord {
  /** When it ended, as ISO time. */
  readonly run: string;
  readonly version: string;
  readonly machine: string;
  readonly row: string;
  readonly stage: string;
  readonly seed: number;
  /** Of data set, network, seed and all steps up to here. */
  readonly key: string;
  /** Of the .whittle file, and of the TensorFlow.js zip. */
  readonly bytes: number;
  readonly zipBytes: number;
  readonly parameters: number;
  readonly nonZero: number;
  readonly distinct: number;
  readonly macs: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly images: number;
  readonly errors: number;
  /** Numbers of the test images answered wrongly. */
  readonly wrong: readonly number[];
}

const COLUMNS = [
  'run',
  'version',
  'machine',
  'row',
  'stage',
  'seed',
  'key',
  'bytes',
  'zipBytes',
  'parameters',
  'nonZero',
  'distinct',
  'macs',
  'epochs',
  'seconds',
  'images',
  'errors',
  'wrong',
] as const;
const TEXTS: ReadonlySet<string> = new Set(['run', 'version', 'machine', 'row', 'stage', 'key']);

const path = `${folder}/recipes.csv`;

export function appendRecord(record: StageRecord): void {
  const cells = COLUMNS.map((column) =>
    column === 'wrong' ? record.wrong.join(' ') : String(record[column]).replaceAll(',', ';'),
  );
  appendFileSync(path, `${existsSync(path) ? '' : `${COLUMNS.join(',')}\n`}${cells.join(',')}\n`);
}

/** All lines, in the order in which they were written. */
export function readRecords(): readonly StageRecord[] {
  if (!existsSync(path)) return [];
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const columns = (head ?? '').split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(
      columns.map((column, i) => {
        const cell = cells[i] ?? '';
        if (column === 'wrong') return [column, cell === '' ? [] : cell.split(' ').map(Number)];
        return [column, TEXTS.has(column) ? cell : Number(cell)];
      }),
    ) as unknown as StageRecord;
  });
}
