/** `npm run bench -- ensembles [row …]`: runs what is missing of the rows (all of them without names), prints their table and writes the README's. */
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { readDataset } from '../long/lab';
import { writeEnsembles } from '../readme';
import { recordsAt } from './record';
import { linesOf, printTable, verdictsOf } from './report';
import { ROWS } from './rows';
import { keyOf, runRows } from './run';

const DATASET = 'fashion-mnist';
const SEEDS = 3;

/** Returns the exit code. */
export async function benchEnsembles(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => name !== 'table' && !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no row ${unknown.join(', ')}. The rows: ${ROWS.map(({ name }) => name).join(', ')}; or table.`,
    );
    return 2;
  }
  const records = recordsAt();
  const chosen = ROWS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  if (chosen.length > 0) {
    const backend = await makeWasmBackendWith(null);
    const lab = {
      backend,
      dataset: await readDataset(DATASET),
      rows: ROWS,
      records,
      cache: 'node_modules/.cache/whittle/ensembles',
      log: (line: string) => console.log(line),
    };
    await runRows(chosen, SEEDS, lab).finally(() => backend.dispose());
  }
  // Lines of a row that has changed since stay in the file but not in the table.
  const around = { rows: ROWS, dataset: { id: DATASET } };
  const current = records.read().filter(({ row: name, seed, key }) => {
    const row = ROWS.find((one) => one.name === name);
    return row && keyOf(row, seed, around) === key;
  });
  const lines = linesOf(ROWS, current);
  const verdicts = verdictsOf(ROWS, current);
  printTable(lines, verdicts);
  writeEnsembles(lines, verdicts);
  return 0;
}
