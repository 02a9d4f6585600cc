/** Files that go wrong, each in its own way: which file, where, why and what to do, word for word; and odd ones that go right. */
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { ReadError } from '#formats/format';
import { readFiles } from '#formats/index';
import expected from '../fixtures/models.json';
import { BROKEN, ODD_BUT_GOOD } from '../fixtures/recipes';
import { GOOD, VALUES } from '../fixtures/seeds';

const errors: Readonly<Record<string, { readonly code: string; readonly text: string }>> = expected.broken;
const notes: Readonly<Record<string, readonly string[]>> = expected.odd;

function values(model: Model): readonly number[] {
  return model.layers.flatMap((layer) => tensorsOf(layer)).flatMap(([, id]) => [...(model.tensors[id]?.data ?? [])]);
}

describe('a broken file is refused by name:', () => {
  for (const [name, recipe] of Object.entries(BROKEN)) {
    it(name, async () => {
      const error = await Promise.resolve(recipe())
        .then(readFiles)
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ReadError);
      const { code, message, cause_, hint } = error as ReadError;
      expect({ code, text: message }).toEqual(errors[name]);
      expect(cause_.zh).toMatch(/[\u4e00-\u9fff].*。$/);
      expect(hint.zh).toMatch(/[\u4e00-\u9fff].*。$/);
      expect(Object.keys(Object.prototype)).toHaveLength(0);
    }, 20_000);
  }
});

describe('an odd file is read like the plain one:', () => {
  for (const [name, recipe] of Object.entries(ODD_BUT_GOOD)) {
    it(name, async () => {
      const read = await readFiles(await recipe());
      expect(read.model.layers).toHaveLength(GOOD.layers);
      expect(values(read.model)).toEqual([...VALUES]);
      expect(read.notes.map(({ words }) => words.en)).toEqual(notes[name]);
      expect(Object.keys(Object.prototype)).toHaveLength(0);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });
  }
});

it('models.json says something about every recipe and about nothing else', () => {
  expect(Object.keys(errors).sort()).toEqual(Object.keys(BROKEN).sort());
  expect(Object.keys(notes).sort()).toEqual(Object.keys(ODD_BUT_GOOD).sort());
});
