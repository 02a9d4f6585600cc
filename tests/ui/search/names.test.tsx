/** Values of a search are told with the units of what they set. */
import { renderHook } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { view } from '#stores/view';
import { Dress } from '#ui/App.tsx';
import { useNames } from '#ui/search/names.ts';

beforeEach(() => view.setState({ language: 'en' }));

test.each([
  ['mixed-precision', 'kilobytes', 20, '20 kB'],
  ['magnitude-pruning', 'sparsity', 0.905, '90.5 %'],
  ['weight-quantization', 'bits', 4, '4'],
])('%s: %s', (pass, key, value, shown) => {
  const { result } = renderHook(() => useNames([{ pass, values: {} }]), { wrapper: Dress });
  expect(result.current.value({ of: 'step', step: 0, key }, value).replaceAll('\u00a0', ' ')).toBe(shown);
});
