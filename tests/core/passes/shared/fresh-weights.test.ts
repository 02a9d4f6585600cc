/** Fresh weights start as a new model's do. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { TEMPLATES } from '#core/templates';

describe('fresh weights', () => {
  for (const { id, architecture } of TEMPLATES) {
    it(`are those of a new ${id} with the same seed`, () => {
      const rows = architecture([8, 8, 1], 10);
      expect(freshWeights(createModel(rows, 1), 7)).toEqual(createModel(rows, 7));
    });
  }
});
