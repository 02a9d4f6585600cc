/** Bits by counter: known values, and that they look like chance. */
import { describe, expect, it } from 'vitest';
import type { Dataset } from '#engine/datasets/dataset';
import { fillTrainingImages } from '#engine/feed';
import { dropThreshold, fillKeepMask, noiseBits, noiseKey, noisePixel, shiftOf } from '#engine/noise';

const key = noiseKey(3, 7);

describe('noiseBits', () => {
  it('are the same everywhere: lowbias32 of the counter and the two words of the key', () => {
    expect(noiseBits([1, 0], 0, 0)).toBe(mixed(mixed(1)));
    expect(noiseBits([0, 0], 0, 0)).toBe(0);
    expect(noiseBits([5, 6], 1, 2)).toBe(mixed(mixed(7) ^ (6 + 0x9e3779b9)));
  });

  it('differ by seed, step, stream and number, and have every bit half of the time', () => {
    const first = noiseBits(key, 0, 0);
    for (const other of [
      noiseBits(noiseKey(4, 7), 0, 0),
      noiseBits(noiseKey(3, 8), 0, 0),
      noiseBits(key, 1, 0),
      noiseBits(key, 0, 1),
    ])
      expect(other).not.toBe(first);
    const count = 20_000;
    for (let bit = 0; bit < 32; bit++) {
      let set = 0;
      for (let i = 0; i < count; i++) set += (noiseBits(key, 0, i) >>> bit) & 1;
      // Five standard deviations.
      expect(Math.abs(set / count - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / count));
    }
  });

  /** The function as its author wrote it, with exact products. */
  function mixed(word: number): number {
    let x = BigInt(word >>> 0);
    x = ((x ^ (x >> 16n)) * 0x7feb352dn) & 0xffffffffn;
    x = ((x ^ (x >> 15n)) * 0x846ca68bn) & 0xffffffffn;
    return Number(x ^ (x >> 16n));
  }
});

describe('dropout', () => {
  it('keeps its share and makes up for what is dropped', () => {
    const mask = new Float32Array(40_000);
    fillKeepMask(mask, key, 0, 0.25);
    const kept = mask.filter((value) => value > 0);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(kept.length / mask.length).toBeCloseTo(0.75, 1.9);
    const other = new Float32Array(40_000);
    fillKeepMask(other, key, 1, 0.25);
    expect(other).not.toEqual(mask);
  });

  it('drops everything below a threshold that a 32-bit number holds', () => {
    expect(dropThreshold(0)).toBe(0);
    expect(dropThreshold(0.5)).toBe(2 ** 31);
    expect(dropThreshold(1)).toBe(2 ** 32 - 1);
  });
});

describe('shifts', () => {
  it('are uniform over whole pixels in both directions', () => {
    const seen = new Map<string, number>();
    const count = 25_000;
    for (let row = 0; row < count; row++) {
      const place = shiftOf(key, row, 2).join();
      seen.set(place, (seen.get(place) ?? 0) + 1);
    }
    expect(seen.size).toBe(25);
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(160);
  });

  it('move an image and let zeros in', () => {
    const images = { count: 1, pixels: Uint8Array.from([1, 2, 3, 4, 5, 6]), labels: Uint8Array.of(0) };
    const dataset: Dataset = {
      id: 'six',
      shape: [3, 2, 1],
      classes: [],
      scale: 0.5,
      splits: { train: images, validation: images, test: images },
    };
    const pixels = new Float32Array(6 * 60);
    fillTrainingImages(dataset, new Float32Array(60), key, 1, pixels);
    const at = (y: number, x: number): number => (y < 0 || y > 2 || x < 0 || x > 1 ? 0 : (2 * y + x + 1) / 2);
    for (let i = 0; i < 60; i++) {
      const [down, right] = shiftOf(key, i, 1);
      const expected = [0, 1, 2].flatMap((y) => [at(y - down, -right), at(y - down, 1 - right)]);
      expect([...pixels.subarray(6 * i, 6 * i + 6)]).toEqual(expected);
    }
    fillTrainingImages(dataset, Float32Array.of(-1), key, 0, pixels);
    for (let p = 0; p < 6; p++) expect(pixels[p]).toBe(noisePixel(key, p));
  });
});
