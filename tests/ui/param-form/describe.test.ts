/** A step in a line: what two steps of one method differ in is told. */
import { expect, test } from 'vitest';
import type { Values, Words } from '#core/params';
import { unit as en } from '#i18n/en/unit';
import { unit as zh } from '#i18n/zh/unit';
import { makeFormat } from '#ui/kit/format.ts';
import { describeStep } from '#ui/param-form/describe.ts';

const said = (pass: string, values: Values, language: 'en' | 'zh' = 'en') =>
  describeStep(
    { pass, values },
    (words: Words) => words[language],
    makeFormat(language, language === 'en' ? en : zh),
  ).replaceAll('\u00a0', ' ');

test.each<[readonly string[], string]>([
  [[], 'Magnitude pruning, Sparsity 50 %'],
  [['conv2d_1'], 'Magnitude pruning, Sparsity 50 %, in conv2d_1'],
  [['a', 'b', 'c'], 'Magnitude pruning, Sparsity 50 %, in a, b and c'],
  [['a', 'b', 'c', 'd'], 'Magnitude pruning, Sparsity 50 %, in 4 layers'],
])('which layers it keeps to is told where they are not all: %j', (layers, words) => {
  expect(said('magnitude-pruning', { sparsity: 0.5, layers })).toBe(words);
});

test('layers are told in Chinese too', () => {
  expect(said('magnitude-pruning', { sparsity: 0.5, layers: ['a', 'b'] }, 'zh')).toBe('幅值剪枝，稀疏度 50 %，仅 a、b');
});

test('how long it trains is told where it does', () => {
  expect(said('fine-tuning', { epochs: 7 })).toContain('Epochs 7');
  expect(said('width-scaling', { after: 'tune', epochs: 7 })).toContain('Epochs 7');
  expect(said('width-scaling', { after: 'nothing', epochs: 7 })).not.toContain('Epochs');
});

test('what is no list of layers is told as what it will be taken for', () => {
  expect(said('magnitude-pruning', { sparsity: 0.5, layers: 'conv2d' })).toBe('Magnitude pruning, Sparsity 50 %');
});
