/** `npm run bench -- recipes [row …]`: runs what is missing of the rows (all of them without names), prints their table and writes the README's. */
import { writeRecipes } from '../readme';
import { coursesOf } from './picture';
import { records as kept } from './record';
import { linesOf, printRows, verdictOf, withTimes } from './report';
import { DRAWN, PAPERS, ROWS } from './rows';
import { runRows, SCRATCH, stageKey, testLabels } from './run';

/** Returns the exit code. */
export async function benchRecipes(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => name !== 'table' && !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no row ${unknown.join(', ')}. The rows: ${ROWS.map(({ name }) => name).join(', ')}; or table.`,
    );
    return 2;
  }
  const chosen = ROWS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  if (chosen.length > 0) await runRows(chosen, ROWS, (line) => console.log(line));
  // Lines of a row that has changed since stay in the file but not in the table.
  const records = withTimes(kept.read()).filter(({ row: name, stage, seed, key }) => {
    const row = ROWS.find((one) => one.name === name);
    const isThere = row && (row.stages.some((one) => one.name === stage) || (row.scratch && stage === SCRATCH));
    return isThere && stageKey(row, stage, seed) === key;
  });
  const labels = new Map<string, Uint8Array>();
  for (const { dataset } of ROWS) if (!labels.has(dataset)) labels.set(dataset, await testLabels(dataset));
  const tables = ROWS.flatMap((row) => {
    const lines = linesOf(row, records, labels.get(row.dataset) as Uint8Array, ROWS);
    return lines.length > 0 ? [{ row, lines, verdict: verdictOf(row, records) }] : [];
  });
  printRows(tables);
  writeRecipes(tables, [...coursesOf(DRAWN, records), ...PAPERS]);
  return 0;
}
