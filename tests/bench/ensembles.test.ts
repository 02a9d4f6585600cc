/** The runner of the benchmark of ensembles, small: rows of every kind on Digits, run once, kept, compared and not run again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { ENSEMBLES } from '#core/ensembles/index';
import { makeCpuBackend } from '#engine/backends/cpu';
import { readDigits } from '#engine/datasets/digits';
import { recordsAt } from './ensembles/record';
import { linesOf, sectionOf, verdictsOf } from './ensembles/report';
import type { Row } from './ensembles/row';
import { ROWS } from './ensembles/rows';
import { keyOf, runRows } from './ensembles/run';
import { step } from './recipes/row';

const folder = mkdtempSync(join(tmpdir(), 'ensembles-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NETWORK: Architecture = {
  name: 'Small',
  input: [8, 8, 1],
  classes: 10,
  rows: [
    { kind: 'flatten' },
    { kind: 'dense', units: 12, activation: 'relu', bias: true },
    { kind: 'dense', units: 10, activation: 'linear', bias: true },
  ],
};
const network = (name: string, epochs: number, draw = 0): Row => ({
  name,
  title: name,
  part: 'Members',
  making: { kind: 'network', network: NETWORK, steps: [step('fine-tuning', { epochs, learningRate: 0.01 })], draw },
});
const rows: readonly Row[] = [
  network('one', 3),
  network('two', 3, 1),
  {
    name: 'forest',
    title: 'Forest',
    part: 'Members',
    making: {
      kind: 'trees',
      method: 'random-forest',
      values: { trees: 4, depth: 6 },
      on: { row: 'one', layer: 'dense_1' },
    },
  },
  {
    name: 'stack',
    title: 'Stack',
    part: 'Combined',
    making: { kind: 'combined', way: 'stacking', values: {}, members: ['one', 'two', 'forest'] },
  },
  {
    name: 'mean',
    title: 'Mean',
    part: 'Combined',
    making: { kind: 'combined', way: 'mean-probabilities', values: {}, members: ['one', 'two'] },
  },
  {
    name: 'bagging',
    title: 'Bagging',
    part: 'Made to go together',
    making: { kind: 'made', making: 'bagging', values: { members: 2, epochs: 1 }, models: ['one'] },
  },
  {
    name: 'taught',
    title: 'Taught',
    part: 'From many to one',
    against: 'one',
    making: {
      kind: 'network',
      network: NETWORK,
      steps: [step('distillation', { teacher: 'mean', student: 'same', epochs: 1 })],
    },
  },
];

it('runs what is missing, measures the files, and compares', async () => {
  const csv = gunzipSync(readFileSync('public/data/digits/digits.csv.gz')).toString('utf8');
  const lines: string[] = [];
  const records = recordsAt(join(folder, 'ensembles.csv'));
  const lab = {
    backend: await makeCpuBackend(),
    dataset: readDigits(csv),
    rows,
    records,
    cache: join(folder, 'cache'),
    log: (line: string) => void lines.push(line),
  };
  await runRows(rows, 1, lab);
  expect(records.read().map(({ row }) => row)).toEqual(rows.map(({ name }) => name));
  // Everything that takes training is kept; combining is done again.
  expect(readdirSync(lab.cache)).toHaveLength(5);
  const of = (name: string) => records.read().find(({ row }) => row === name);
  expect(of('one')).toMatchObject({ seed: 1, graph: 1, best: 0 });
  expect(of('mean')).toMatchObject({ graph: 1 });
  expect(of('stack')).toMatchObject({ graph: 0 });
  // The forest's network is a member as well: it is there once.
  expect(of('stack')?.macs).toBe(of('mean')?.macs);
  expect(of('mean')?.errors).toBeLessThan((of('mean')?.images ?? 0) / 2);
  expect(of('one')?.wrong).toHaveLength(of('one')?.errors ?? -1);
  const better = (of('two')?.validation ?? 0) > (of('one')?.validation ?? 0) ? 'two' : 'one';
  expect(of('mean')?.bestWrong).toEqual(of(better)?.wrong);

  const ran = lines.length;
  await runRows(rows, 1, lab);
  expect(lines).toHaveLength(ran);
  expect(records.read()).toHaveLength(rows.length);

  const table = linesOf(rows, records.read());
  const verdicts = verdictsOf(rows, records.read());
  expect(verdicts).toHaveLength(2);
  const section = sectionOf(table, verdicts);
  expect(section).toContain('| **Combined** |');
  expect(section).toMatch(/“Taught” is (ahead of|behind|not told apart from) “one”/);
}, 120_000);

it('asks for every way, and only for what is there', () => {
  const around = { rows: ROWS, dataset: { id: 'fashion-mnist' } };
  expect(new Set(ROWS.map((row) => keyOf(row, 1, around))).size).toBe(ROWS.length);
  // Those that need members of their own kind are made.
  const made = ['specialists', 'task-chain'];
  const ways = ROWS.flatMap(({ name, making }) => (making.kind === 'combined' ? [making.way] : [name]));
  for (const { id } of ENSEMBLES) expect(ways, id).toContain(id);
  expect(ROWS.filter(({ name }) => made.includes(name))).toHaveLength(made.length);
});
