/**
 * Good files, damaged at random: cut, with bits flipped, bytes overwritten, pieces moved or put in. Each must give a
 * model or a ReadError, soon, whatever else; and the next good file must open as if nothing had been.
 */

import { describe, expect, it } from 'vitest';
import { validateModel } from '#core/model/validate';
import { ReadError } from '#formats/format';
import { readFiles } from '#formats/index';
import { writeZip } from '#formats/zip';
import { encode, type Files, GOOD, good, goodH5, type Json, json } from '../fixtures/seeds';
import fc from '../properties';

const RUNS = 100;
const DEADLINE_MS = 5_000;

/** One damage: what, where as a share of the length, how much, and the bytes it brings. */
const damage = fc.record({
  kind: fc.constantFrom('truncate', 'flip', 'overwrite', 'splice', 'insert', 'length'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Uint8Array, { kind, at, to, bytes: fresh }: Damage): Uint8Array {
  const from = Math.floor(at * bytes.length);
  const other = Math.floor(to * bytes.length);
  const copy = bytes.slice();
  switch (kind) {
    case 'truncate':
      return copy.slice(0, from);
    case 'flip':
      if (from < copy.length) copy[from] = (copy[from] as number) ^ (1 << ((fresh[0] as number) % 8));
      return copy;
    case 'overwrite':
      copy.set(fresh.subarray(0, copy.length - from), from);
      return copy;
    case 'splice':
      copy.copyWithin(from, other, Math.min(copy.length, other + 64));
      return copy;
    case 'length':
      // A number of 32 bits made enormous, as a length field would be.
      if (from + 4 <= copy.length) copy.set([0xff, 0xff, 0xff, 0x7f], from);
      return copy;
    default:
      return Uint8Array.from([...copy.subarray(0, from), ...fresh, ...copy.subarray(from)]);
  }
}

/** The files with one of them damaged once or a few times. */
async function survives(files: Files, which: number, damages: readonly Damage[]): Promise<'model' | 'refused'> {
  const broken = files.map((file, index) =>
    index === which % files.length ? { ...file, bytes: damages.reduce(damaged, file.bytes) } : file,
  );
  const start = performance.now();
  try {
    const { model } = await readFiles(broken);
    validateModel(model);
    return 'model';
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    expect(error.code).toMatch(/^[a-z0-9-]+$/);
    expect(error.message.length).toBeLessThan(2_000);
    return 'refused';
  } finally {
    expect(performance.now() - start).toBeLessThan(DEADLINE_MS);
    expect(Object.keys(Object.prototype)).toHaveLength(0);
  }
}

const SEEDS: Readonly<Record<string, () => Promise<Files>>> = {
  'model.json with weights': async () => good(),
  'a zip': async () => [
    { name: 'model.zip', bytes: await writeZip(new Map(good().map(({ name, bytes }) => [name, bytes]))) },
  ],
  'Keras HDF5': async () => [{ name: 'model.h5', bytes: await goodH5() }],
};

describe.each(Object.entries(SEEDS))('%s, damaged', (_, seed) => {
  it(`gives a model or a ReadError, ${RUNS} times`, async () => {
    const files = await seed();
    const counts = { model: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(damage, { minLength: 1, maxLength: 3 }), async (which, damages) => {
        counts[await survives(files, which, damages)]++;
      }),
      { numRuns: RUNS, seed: 20_240_607 },
    );
    expect(counts.refused).toBeGreaterThan(0);
    expect((await readFiles(files)).model.layers).toHaveLength(GOOD.layers);
  }, 120_000);
});

/** Every place in a JSON value: the object or list, and the key in it. */
function places(value: Json, found: [Json, string | number][] = []): [Json, string | number][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value, key]);
    places(value[key], found);
  }
  return found;
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  1e308,
  '',
  'x',
  '__proto__',
  'same',
  'softmax',
  [],
  [[]],
  [0, 0],
  [null, 1, 1, 1],
  {},
  { class_name: 'Dense', config: {} },
];

describe('model.json with other values in it', () => {
  it('gives a model or a ReadError, 400 times', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...STRANGE), fc.constantFrom('replace', 'delete', 'copy')), {
          minLength: 1,
          maxLength: 3,
        }),
        async (changes) => {
          const model = json();
          for (const [where, value, kind] of changes) {
            const all = places(model);
            const [parent, key] = all[where % all.length] as [Json, string | number];
            const other = all[(where * 7 + 3) % all.length] as [Json, string | number];
            if (kind === 'delete') delete parent[key];
            else parent[key] = structuredClone(kind === 'copy' ? other[0][other[1]] : value);
          }
          await survives([{ name: 'model.json', bytes: encode(JSON.stringify(model)) }, ...good().slice(1)], 0, []);
        },
      ),
      { numRuns: 400, seed: 7 },
    );
  }, 120_000);
});
