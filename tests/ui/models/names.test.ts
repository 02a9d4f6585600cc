/** Names of models, shortened. */
import { expect, it } from 'vitest';
import { shortened } from '#ui/models/names.ts';

const plain = (name: string, longest: number) => shortened(name, longest).replaceAll('\u00a0', ' ');

it('keeps a name that fits, its numbers with their units', () => {
  expect(shortened('Net, 80 % sparsity, 4 bits', 28)).toBe('Net, 80\u00a0% sparsity, 4\u00a0bits');
  expect(shortened('Net, 5.6 kB', 28)).toBe('Net, 5.6\u00a0kB');
});

it('keeps the beginning and what was done last', () => {
  const name = 'residual, 5 % channels kept, 8 bits, 50 % sparsity, fold batch normalisation';
  expect(plain(name, 55)).toBe('residual, …, 50 % sparsity, fold batch normalisation');
  expect(plain(name, 40)).toBe('residual, …, fold batch normalisation');
  expect(plain(name, 28)).toBe('residual, 5 % channels kept…');
  expect(plain(name, 28)).toHaveLength(28);
});

it('cuts off a name that has no parts', () => {
  expect(shortened('averyveryverylongname', 10)).toBe('averyvery…');
  expect(shortened('averylongname, and another', 12)).toBe('averylongna…');
});
