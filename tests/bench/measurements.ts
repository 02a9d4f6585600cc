/**
 * What the bench measured, one measurement a line, kept for ever in results/ROW.csv: which run, version and machine, what
 * was done by whom, in which round, and the value. All tables are made from these files.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, platform, totalmem } from 'node:os';

export const folder = 'tests/bench/results';

/** What a row hands in. */
export interface Measurement {
  /** What was done, e.g. "LeNet-5". */
  readonly what: string;
  readonly who: string;
  /** Counted from 1; the seed where a seed is what differs. */
  readonly round: number;
  readonly value: number;
  readonly unit: string;
}
/** A line of a file. */
export interface Line extends Measurement {
  /** When the run began, as ISO time. */
  readonly run: string;
  readonly version: string;
  readonly machine: string;
  readonly browser: string;
  /** Mean number of runnable processes in the minute before the row. */
  readonly load: number;
  readonly row: string;
  /** True where the control showed that the machine was too restless. */
  readonly void: boolean;
}

const COLUMNS = [
  'run',
  'version',
  'machine',
  'browser',
  'load',
  'row',
  'what',
  'who',
  'round',
  'value',
  'unit',
  'void',
] as const;

export function version(): string {
  const git = (...words: string[]): string => execFileSync('git', words, { encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'package.json') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}

export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model.trim() ?? 'processor'}; ${cpus().length} cores; ${memory} GB; ${platform()}`;
}

export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

const quoted = (value: unknown): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

export function append(row: string, lines: readonly Line[]): void {
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${row}.csv`;
  const text = lines.map((line) => `${COLUMNS.map((column) => quoted(line[column])).join(',')}\n`).join('');
  appendFileSync(path, existsSync(path) ? text : `${COLUMNS.join(',')}\n${text}`);
}

/** All lines of a row's file in the order in which they were written. */
export function readRow(row: string): readonly Line[] {
  const path = `${folder}/${row}.csv`;
  if (!existsSync(path)) return [];
  const [, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((text) => {
    const cells = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, inQuotes, plain]) => inQuotes?.replaceAll('""', '"') ?? plain ?? '',
    );
    const cell = (name: (typeof COLUMNS)[number]): string => cells[COLUMNS.indexOf(name)] ?? '';
    return {
      run: cell('run'),
      version: cell('version'),
      machine: cell('machine'),
      browser: cell('browser'),
      load: Number(cell('load')),
      row: cell('row'),
      what: cell('what'),
      who: cell('who'),
      round: Number(cell('round')),
      value: Number(cell('value')),
      unit: cell('unit'),
      void: cell('void') === 'true',
    };
  });
}

/** Rows that have a file. */
export function rowsWithResults(): readonly string[] {
  return existsSync(folder)
    ? readdirSync(folder).flatMap((name) => (name.endsWith('.csv') ? [name.slice(0, -4)] : []))
    : [];
}
