/** The bench as a program: runs the rows that were asked for, one after another, keeps what they measured, prints the tables. */
import { makeLab } from './lab';
import { append, type Line, load, machine, readRow, version } from './measurements';
import { writeReadme } from './readme';
import type { Row } from './row';
import { convergence } from './rows/convergence';
import { inference } from './rows/inference';
import { load as opening } from './rows/load';
import { narrow } from './rows/narrow';
import { open } from './rows/open';
import { slider } from './rows/slider';
import { training } from './rows/training';
import { printTable } from './table';

/** In the order in which they run. */
const ROWS: readonly Row[] = [training, inference, narrow, convergence, slider, opening, open];

/** Returns the exit code. */
export async function bench(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => name !== 'table' && !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no row ${unknown.join(', ')}. The rows: ${ROWS.map(({ name }) => name).join(', ')}; or table.`,
    );
    return 2;
  }
  const chosen = ROWS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  const run = `${new Date().toISOString().slice(0, 19)}Z`;
  const lab = makeLab();
  let failed = 0;
  try {
    for (const [at, row] of chosen.entries()) {
      const busy = load();
      console.log(`\n== ${at + 1}/${chosen.length} ${row.title} (${row.name}); load ${busy}`);
      const begun = performance.now();
      try {
        const browser = await lab.browserName();
        const measured = await row.run(lab);
        const fault = row.fault?.(measured) ?? null;
        const facts = {
          run,
          version: version(),
          machine: machine(),
          browser,
          load: busy,
          row: row.name,
          void: fault !== null,
        };
        append(
          row.name,
          measured.map((one) => ({ ...facts, ...one })),
        );
        printTable(row, lastRun(row, false));
        if (fault) {
          console.error(`This run is void. ${fault}`);
          failed++;
        }
      } catch (error) {
        console.error(error);
        failed++;
      }
      console.log(`(${((performance.now() - begun) / 1000).toFixed(0)} s)`);
    }
  } finally {
    await lab.close();
  }
  if (chosen.length === 0) for (const row of ROWS) printTable(row, lastRun(row, true));
  writeReadme(ROWS.flatMap((row) => (lastRun(row, true).length > 0 ? [{ row, lines: lastRun(row, true) }] : [])));
  return failed > 0 ? 1 : 0;
}

/** The lines of a row's latest run; of the latest that counts where `valid`. */
function lastRun(row: Row, valid: boolean): readonly Line[] {
  const lines = readRow(row.name).filter((line) => !(valid && line.void));
  const last = lines.at(-1)?.run;
  return lines.filter(({ run }) => run === last);
}
