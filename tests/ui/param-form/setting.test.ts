/** Numbers that somebody set, as they are written everywhere. */
import { expect, it } from 'vitest';
import type { NumberParam } from '#core/params';
import { en } from '#i18n/en';
import { makeFormat } from '#ui/kit/format.ts';
import { settingText } from '#ui/param-form/setting.ts';

const format = makeFormat('en', en.unit);
const param = (some: Partial<NumberParam>): NumberParam => ({
  kind: 'number',
  min: 0,
  max: 1,
  step: 0.01,
  default: 0.5,
  label: { en: 'Amount', zh: '数量' },
  ...some,
});
const text = (value: number, some?: Partial<NumberParam>, steady = false): string =>
  settingText(value, some && param(some), format, steady).replaceAll('\u00a0', ' ');

it('gives shares in percent, with decimals where the value has them, or always where its slider has', () => {
  expect(text(0.9, { unit: 'percent' })).toBe('90 %');
  expect(text(0.905, { unit: 'percent' })).toBe('90.5 %');
  expect(text(0.9, { unit: 'percent', step: 0.001 })).toBe('90 %');
  expect(text(0.9, { unit: 'percent', step: 0.001 }, true)).toBe('90.0 %');
  expect(text(0.9, { unit: 'percent' }, true)).toBe('90 %');
  // 0.29 * 100 is no whole number in doubles.
  expect(text(0.29, { unit: 'percent' })).toBe('29 %');
});

it('gives kilobytes their unit, and others none', () => {
  expect(text(0.1, { unit: 'kB' })).toBe('0.1 kB');
  expect(text(1234.5, { unit: 'kB' })).toBe('1,234.5 kB');
  expect(text(8, { unit: 'bits', step: 1 })).toBe('8');
  expect(text(0.35)).toBe('0.35');
});

it('never writes a number that is not zero as zero', () => {
  expect(text(0.00003, { step: 0.00001 })).toBe('3.0e−5');
  expect(text(0.0001)).toBe('0.0001');
  expect(text(0)).toBe('0');
});
