import { expect, test } from 'vitest';
import { betterAxis } from '#ui/optimize/AxisHint.tsx';

const now = { parameters: 1000, nonZero: 1000, bytes: 4000, macs: 9000 };

test('a pruned model is offered the axis of non-zero parameters', () => {
  expect(betterAxis('parameters', now, { ...now, nonZero: 300, bytes: 1800 })).toBe('nonZero');
});
test('a quantized model is offered the axis of bytes', () => {
  expect(betterAxis('parameters', now, { ...now, nonZero: 990, bytes: 1100 })).toBe('bytes');
});
test('nothing is offered where the axis shows the change, or where nothing changes', () => {
  expect(betterAxis('parameters', now, { parameters: 500, nonZero: 500, bytes: 2000, macs: 4000 })).toBeNull();
  expect(betterAxis('nonZero', now, now)).toBeNull();
  expect(betterAxis('latency', now, { ...now, nonZero: 1 })).toBeNull();
});
