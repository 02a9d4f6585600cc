/** Pairs of layers that hints compare: near the depth asked for, and such that a regressor can lead from one to the other. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { hintPair, type LayerPair } from '#core/passes/shared/layer-pairs';
import { TEMPLATES } from '#core/templates';

const models = (size: number): readonly Model[] =>
  TEMPLATES.map((template) => createModel(template.architecture([size, size, 1], 10), 1));

describe('the pair of a hint', () => {
  it.each([8, 28])('never asks a smaller image of the student for a larger one: templates on %s pixels', (size) => {
    const all = models(size);
    for (const teacher of all) {
      for (const student of all) {
        for (const depth of [0.1, 0.3, 0.5, 0.7, 0.9]) {
          const { teacherLayer, studentLayer } = hintPair(teacher, student, depth) as LayerPair;
          const [wanted, given] = [shapesOf(teacher)[teacherLayer] ?? [], shapesOf(student)[studentLayer] ?? []];
          if (wanted.length !== 3 || given.length !== 3) continue;
          expect(
            Math.min((given[0] as number) - (wanted[0] as number), (given[1] as number) - (wanted[1] as number)),
          ).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });

  it('is one layer with itself where student and teacher are alike', () => {
    for (const model of models(28)) {
      const pair = hintPair(model, model, 0.5) as LayerPair;
      expect(pair.studentLayer).toBe(pair.teacherLayer);
    }
  });
});
