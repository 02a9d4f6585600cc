/** What the bench's tables say of measurements: who is first, what a ratio means, whether a target is met, when a run is void. */
import { describe, expect, test, vi } from 'vitest';
import type { Line, Measurement } from './measurements';
import { section, withTable } from './readme';
import { contestTable, restless, speed } from './rounds';
import type { Row } from './row';
import { narrow } from './rows/narrow';
import { targetTable } from './rows/targets';
import { printTable } from './table';

const facts = {
  run: '2026-11-22T08:00:00Z',
  version: 'abc1234',
  machine: 'processor; 2 cores',
  browser: 'Chromium 1',
  load: 0.5,
  row: 'training',
  void: false,
};
const lines = (who: string, ...values: number[]): Line[] =>
  values.map((value, i) => ({ ...facts, what: 'LeNet-5', who, round: i + 1, value, unit: 'images/s' }));

const measured = [
  ...lines('ours', 3000, 4000, 5000),
  ...lines('slow', 30, 40),
  ...lines('PyTorch', 4000, 4000, 4000),
  ...lines('ours (again)', 3000, 4400, 5000),
];

describe('a contest', () => {
  test('shows ours first, its peers from the fastest, its control last', () => {
    expect(contestTable(measured, speed)).toEqual([
      { what: 'LeNet-5', who: 'ours', figure: '4,000', against: '' },
      { what: 'LeNet-5', who: 'PyTorch', figure: '4,000', against: '1.00 (0.75 to 1.25; 3 rounds)' },
      { what: 'LeNet-5', who: 'slow', figure: '35', against: '100 (100 to 100; 2 rounds)' },
      { what: 'LeNet-5', who: 'ours (again)', figure: '4,400', against: '1.00 (0.91 to 1.00; 3 rounds)' },
    ]);
  });
  test('names whoever could not be run, without a speed', () => {
    const table = contestTable([...measured, ...lines('jax-js webgl (cannot be run here)', Number.NaN)], speed);
    expect(table[3]).toEqual({
      what: 'LeNet-5',
      who: 'jax-js webgl (cannot be run here)',
      figure: '–',
      against: '',
    });
  });
  test('is void where ours differs from itself', () => {
    expect(restless(measured)).toBeNull();
    const unquiet: Measurement[] = [...lines('ours', 3000, 4000, 5000), ...lines('ours (again)', 3600, 4800, 6000)];
    expect(restless(unquiet)).toBe('LeNet-5: ours against itself differs by 1.20 times; the machine was too busy.');
  });
});

describe('a target', () => {
  const show = (value: number): string => `${value} ms`;
  const most = (values: readonly number[]): number => Math.max(...values);
  test('is met or missed, at most or at least', () => {
    const say = (bound: object): string | undefined =>
      targetTable(lines('us', 80, 100), [{ what: 'LeNet-5', who: 'slowest', figure: most, show, ...bound }])[0]
        ?.against;
    expect(say({ atMost: 100 })).toBe('met: at most 100 ms');
    expect(say({ atMost: 99 })).toBe('missed: at most 99 ms');
    expect(say({ atLeast: 100 })).toBe('met: at least 100 ms');
    expect(say({ atLeast: 101 })).toBe('missed: at least 101 ms');
    expect(say({})).toBe('');
  });
  test('of what was not measured has no line', () => {
    expect(targetTable([], [{ what: 'LeNet-5', who: 'slowest', figure: most, show, atMost: 1 }])).toEqual([]);
  });
});

const row: Row = {
  name: 'training',
  title: 'Training',
  compared: 'times as fast',
  run: async () => [],
  table: (all) => contestTable(all, speed),
};

describe('the README', () => {
  test('gets a table that says what was measured, on what, and when', () => {
    expect(section({ row, lines: measured }).split('\n')).toEqual([
      '**Training**',
      '',
      '| | | | times as fast |',
      '|---|---|--:|---|',
      '| LeNet-5 | ours | 4,000 |  |',
      '|  | PyTorch | 4,000 | 1.00 (0.75 to 1.25; 3 rounds) |',
      '|  | slow | 35 | 100 (100 to 100; 2 rounds) |',
      '|  | ours (again) | 4,400 | 1.00 (0.91 to 1.00; 3 rounds) |',
      '',
      'processor; 2 cores; Chromium 1; version abc1234; load 0.5; 2026-11-22.',
      '',
    ]);
  });
  test('keeps all but what stands between its markers', () => {
    const text = 'before\n<!-- a -->\nold\n<!-- /a -->\nafter\n';
    const changed = withTable(text, '<!-- a -->', '<!-- /a -->', 'new\n');
    expect(changed).toBe('before\n<!-- a -->\nnew\n<!-- /a -->\nafter\n');
    expect(withTable(changed as string, '<!-- a -->', '<!-- /a -->', 'new\n')).toBe(changed);
    for (const none of ['', '<!-- a -->', '<!-- /a -->\n<!-- a -->'])
      expect(withTable(none, '<!-- a -->', '<!-- /a -->', 'new\n')).toBeNull();
  });
});

test('the terminal gets the same in columns, and hears of a void run', () => {
  const said: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text));
  printTable(
    row,
    measured.map((line) => ({ ...line, void: true })),
  );
  log.mockRestore();
  const printed = said.join('\n').split('\n');
  expect(printed).toContain('processor; 2 cores; Chromium 1; version abc1234; load 0.5; 2026-11-22T08:00:00Z; VOID');
  expect(printed).toContain('LeNet-5  ours          4,000  ');
  expect(printed).toContain('         PyTorch       4,000  1.00 (0.75 to 1.25; 3 rounds)');
});

test('narrower networks are compared with the widest of the same runtime, from the widest, the control last', () => {
  const of = (who: string, value: number): Line => ({ ...facts, what: 'ours', who, round: 1, value, unit: 'images/s' });
  const table = narrow.table([
    of('6 and 16 channels, 65 neurons', 400),
    of('LeNet-5 (again)', 110),
    of('LeNet-5', 100),
    of('10 and 24 channels, 90 neurons', 250),
  ]);
  expect(table.map(({ who, figure, against }) => [who, figure, against])).toEqual([
    ['LeNet-5', '100', ''],
    ['10 and 24 channels, 90 neurons', '250', '2.50 (2.50 to 2.50; 1 rounds)'],
    ['6 and 16 channels, 65 neurons', '400', '4.00 (4.00 to 4.00; 1 rounds)'],
    ['LeNet-5 (again)', '110', '1.10 (1.10 to 1.10; 1 rounds)'],
  ]);
});
