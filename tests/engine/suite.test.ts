/** The suite on the backends that Node has. */
import { describe, expect, it } from 'vitest';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { assertParity, PARITY_EXPECTED, parityFigures } from '#engine/parity';
import { SUITE } from './suite';

const cpu = await makeCpuBackend();
const wasm = await makeWasmBackend();

describe('cpu', () => {
  for (const { name, run } of SUITE) it(name, () => run(cpu, cpu));

  it('gives the figures that the parity check expects', async () => {
    const figures = await parityFigures(cpu);
    expect(figures.length).toBe(PARITY_EXPECTED.length);
    figures.forEach((figure, i) => expect(figure).toBeCloseTo(PARITY_EXPECTED[i] as number, 4));
  });
});

describe('wasm', () => {
  for (const { name, run } of SUITE) it(name, () => run(wasm, cpu));

  it('passes the parity check', () => assertParity(wasm));
});
