/** Packing lets others in between its parts, can be given up there, and gives the same bytes with it and without. */
import { expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { readZip, writeZip } from '#formats/zip';

const random = seededRandom(1);
const weights = Uint8Array.from({ length: 300_000 }, () => 256 * random());
const files = new Map([['weights.bin', weights]]);
const isSame = (a: Uint8Array, b: Uint8Array | undefined) => b !== undefined && Buffer.from(a).equals(b);

it('pauses before every part of a large file', async () => {
  let pauses = 0;
  const packed = await writeZip(files, async () => {
    pauses++;
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
  expect(pauses).toBeGreaterThanOrEqual(4);
  expect(isSame(packed, await writeZip(files))).toBe(true);
  expect(isSame(weights, (await readZip(packed, 'x.zip')).get('weights.bin'))).toBe(true);
});

it('is given up in the middle, with the reason', async () => {
  let pauses = 0;
  const packing = writeZip(files, async () => {
    if (++pauses === 3) throw new DOMException('a later one came', 'AbortError');
  });
  await expect(packing).rejects.toMatchObject({ name: 'AbortError', message: 'a later one came' });
  expect(pauses).toBe(3);
});
