/** The committed files, as models.json describes them: real Keras files, answered as Keras answers them, and dangerous ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '#core/model/layers';
import { makeCpuBackend } from '#engine/backends/cpu';
import { borrowRunner } from '#engine/inference';
import { ReadError } from '#formats/format';
import { readFiles } from '#formats/index';
import described from '../fixtures/models.json';
import { tf } from './stock';

interface Fixture {
  readonly file: string;
  readonly format: string;
  readonly layers?: number;
  readonly parameters?: number;
  readonly input?: readonly number[];
  /** What Keras answered to two images of the values ((i * 37) mod 61) / 61 - 1/2. */
  readonly output?: readonly number[];
  readonly notes?: readonly string[];
  readonly error?: { readonly code: string; readonly text: string };
}
const FOLDER = new URL('../fixtures/', import.meta.url);
const fixtures: readonly Fixture[] = described.files;
const bytesOf = (file: string) => [{ name: file, bytes: new Uint8Array(readFileSync(new URL(file, FOLDER))) }];

describe('tests/fixtures', () => {
  for (const { file, format, error, ...facts } of fixtures) {
    it(`${file} ${error ? 'is refused' : 'answers as it did in Keras'}`, async () => {
      if (error) {
        const caught = await readFiles(bytesOf(file)).catch((one: unknown) => one);
        expect(caught).toBeInstanceOf(ReadError);
        expect({ code: (caught as ReadError).code, text: (caught as ReadError).message }).toEqual(error);
        return;
      }
      const read = await readFiles(bytesOf(file));
      const { model } = read;
      expect(read.format).toBe(format);
      expect(read.notes.map(({ words }) => words.en)).toEqual(facts.notes);
      expect(model.layers).toHaveLength(facts.layers as number);
      // Weights of a layer that is called twice are counted once.
      const ids = new Set(model.layers.flatMap((layer) => tensorsOf(layer).map(([, id]) => id)));
      expect([...ids].reduce((sum, id) => sum + (model.tensors[id]?.data.length ?? 0), 0)).toBe(facts.parameters);
      const input = facts.input as readonly number[];
      const images = Float32Array.from(
        { length: 2 * input.reduce((a, b) => a * b, 1) },
        (_, i) => ((i * 37) % 61) / 61 - 0.5,
      );
      const runner = await borrowRunner(await makeCpuBackend(), model, 2);
      const answers = tf.softmax(tf.tensor(await runner.run(images), [2, runner.classes])).dataSync();
      const worst = Math.max(...Array.from(answers, (p, i) => Math.abs(p - (facts.output?.[i] ?? Number.NaN))));
      expect(worst).toBeLessThan(2e-6);
    });
  }

  it('holds no file that models.json does not describe', () => {
    const files = readdirSync(fileURLToPath(FOLDER)).filter((name) => /\.(h5|zip|bin|keras)$/.test(name));
    expect(files.sort()).toEqual(fixtures.map(({ file }) => file).sort());
  });
});
