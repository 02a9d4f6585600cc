/** What the recipes' short table and their drawing say of measurements. */
import { expect, test } from 'vitest';
import { coursesOf, pictureOf, placeOf } from './recipes/picture';
import type { StageRecord } from './recipes/record';
import { linesOf, verdictOf, withTimes } from './recipes/report';
import { type Row, step } from './recipes/row';
import { summaryOf } from './recipes/summary';

const row: Row = {
  name: 'small',
  title: 'A & B',
  dataset: 'mnist',
  network: 'lenet-5',
  seeds: 2,
  stages: [
    { name: 'dense', steps: [step('fine-tuning', {})] },
    { name: 'pruned', steps: [], paper: '12x' },
    { name: 'packed', steps: [] },
  ],
  target: { bytes: 3000, error: 0.2 },
  note: '',
};
const record = (stage: string, seed: number, bytes: number, errors: number): StageRecord => ({
  run: '2026-11-22T08:00:00Z',
  version: 'abc1234',
  machine: 'processor',
  row: 'small',
  stage,
  seed,
  key: `${stage} ${seed}`,
  bytes,
  zipBytes: bytes,
  parameters: 2500,
  nonZero: 100,
  distinct: 8,
  macs: 1000,
  epochs: 2,
  seconds: 60,
  images: 10,
  errors,
  wrong: Array.from({ length: errors }, (_, i) => i),
});
const records = [
  record('dense', 1, 10_000, 1),
  record('pruned', 1, 5000, 1),
  record('packed', 1, 2000, 1),
  record('dense', 2, 10_000, 1),
  record('pruned', 2, 5000, 1),
  record('packed', 2, 3000, 2),
];

test('the short table has the last stage, and those that a paper has a figure for', () => {
  const lines = linesOf(row, records, new Uint8Array(10), [row]);
  const table = summaryOf([{ row, lines, verdict: verdictOf(row, records) }], 'all.md', 'all.svg').split('\n');
  const cells = table.flatMap((line) => (line.startsWith('| ') ? [line.split(' | ').map((cell) => cell.trim())] : []));
  expect(cells[1]?.slice(0, 4)).toEqual(['| A & B: pruned', '10.00 ± 0.00', '5,000 (5,000 to 5,000)', '2.00x']);
  expect(cells[2]?.slice(0, 4)).toEqual(['| packed', '15.00 ± 7.07', '2,500 (2,000 to 3,000)', '4.00x']);
  expect(cells[2]?.at(-1)).toBe('at most 3,000 bytes at 20.00 %; met |');
  expect(cells).toHaveLength(3);
});

test('a stage that another row had made costs what it cost there', () => {
  const made = { ...record('dense', 1, 10_000, 1), row: 'other', seconds: 600 };
  const lines = linesOf(row, withTimes([...records.filter(({ seed }) => seed === 1), made]), new Uint8Array(10), [row]);
  expect(lines.map(({ minutes }) => minutes)).toEqual(['10.0', '11.0', '12.0']);
});

test('a stage costs its teacher too, but what both begin with once', () => {
  const [dense, ...others] = row.stages;
  const teacher = { ...row, name: 'teacher' };
  const taught: Row = {
    ...row,
    stages: [
      dense as Row['stages'][number],
      { name: 'pruned', steps: [step('distillation', { teacher: 'teacher/pruned' })] },
      ...others.slice(1),
    ],
  };
  const begun = records.filter(({ seed }) => seed === 1);
  const ofTeacher = [
    { ...(begun[0] as StageRecord), row: 'teacher' },
    { ...record('pruned', 1, 5000, 1), row: 'teacher', key: 'of the teacher', seconds: 300 },
  ];
  const lines = linesOf(taught, [...begun, ...ofTeacher], new Uint8Array(10), [taught, teacher]);
  expect(lines.map(({ minutes }) => minutes)).toEqual(['1.0', '7.0', '8.0']);
});

test('the short table says how many seeds are missing', () => {
  const first = records.filter(({ seed }) => seed === 1);
  const lines = linesOf(row, first, new Uint8Array(10), [row]);
  expect(summaryOf([{ row, lines, verdict: verdictOf(row, first) }], 'all.md', 'all.svg')).toContain(
    '| packed (1 of 2 seeds) |',
  );
});

test('a seed that was measured twice counts once, with its latest line', () => {
  const again = { ...record('packed', 1, 9000, 1), run: '2026-11-22T09:00:00Z' };
  const first = records.filter(({ seed }) => seed === 1);
  expect(verdictOf(row, [...first, again])).toBe('Asked: at most 3,000 bytes at 20.00 %; not met, with 1 of 2 seeds.');
});

test('a recipe is drawn from stage to stage, by the means of its seeds', () => {
  const [course] = coursesOf([row], records);
  expect(course?.points).toEqual([
    { bytes: 10_000, error: 10 },
    { bytes: 5000, error: 10 },
    { bytes: 2500, error: 15 },
  ]);
  expect(
    coursesOf(
      [row],
      records.filter(({ stage }) => stage !== 'packed'),
    ),
  ).toEqual([]);
});

test('bytes lie on a logarithmic scale, errors on a linear one', () => {
  const place = (bytes: number, error: number) => placeOf({ bytes, error }, 2);
  expect(place(1e4, 0).x - place(1e3, 0).x).toBeCloseTo(place(1e6, 0).x - place(1e5, 0).x);
  expect(place(1e3, 0).y - place(1e3, 1).y).toBeCloseTo(place(1e3, 1).y - place(1e3, 2).y);
});

test('names are written so that XML can hold them', () => {
  expect(pictureOf(coursesOf([row], records))).toContain('A &amp; B');
});
