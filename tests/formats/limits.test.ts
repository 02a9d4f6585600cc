/** Files that are refused by their size alone, before a byte of them is read. */
import { describe, expect, it } from 'vitest';
import { checkFileSizes } from '#formats/index';

describe('checkFileSizes', () => {
  const sizes = (...all: number[]) => all.map((size, i) => ({ name: `f${i}.h5`, size }));
  it('lets 512 MB pass, in one file or several', () => {
    expect(() => checkFileSizes(sizes(512_000_000))).not.toThrow();
    expect(() => checkFileSizes(sizes(256_000_000, 256_000_000))).not.toThrow();
  });
  it('names the file that is too large, its size and the limit', () => {
    expect(() => checkFileSizes(sizes(1, 5_000_000_000))).toThrow(
      'f1.h5: It holds 5.0 GB; at most 512.0 MB can be opened in a browser.',
    );
    expect(() => checkFileSizes(sizes(300_000_000, 300_000_000))).toThrow(
      'f1.h5: The files up to this one hold 600.0 MB',
    );
  });
  it('refuses none at all and too many', () => {
    expect(() => checkFileSizes([])).toThrow('No file was given.');
    expect(() => checkFileSizes(sizes(...new Array<number>(2_001).fill(1)))).toThrow(
      '2001 files were dropped; at most 2000 are read.',
    );
  });
});
