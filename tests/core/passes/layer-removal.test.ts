/** Layer removal: what can go, what is left, the least loss round by round, and what is said. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { layerRemoval } from '#core/passes/layer-removal';
import { removableParts, withoutPart } from '#core/passes/shared/removal';
import { TEMPLATES } from '#core/templates';
import { outputOf } from '../support/reference-forward';
import { judging } from './captures';
import { applyPass, denseModel, modelOf, tensor } from './helpers';

const names = (model: Model): string[] => model.layers.map(({ name }) => name);
const square = (seed: number) => tensor([2, 2], [seed, 1, 0, 1]);
/** d1, d2, d3 are 2 x 2, d4 gives the answers. */
const chain = (): Model => denseModel(square(1), square(2), square(3), tensor([2, 2], [1, 2, 3, 4]));
const by = { norms: false };

describe('what can go', () => {
  it('is a layer whose input fits its reader, but never the one that gives the answers', () => {
    expect(removableParts(chain()).map(({ name }) => name)).toEqual(['d1', 'd2', 'd3']);
    const narrow = denseModel(
      tensor([2, 3], [1, 2, 3, 4, 5, 6]),
      tensor([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
      tensor([3, 2], [1, 2, 3, 4, 5, 6]),
    );
    expect(removableParts(narrow).map(({ name }) => name)).toEqual(['d2']);
  });

  it('is the branch of a residual block, whose shortcut stays', () => {
    const model = createModel(
      TEMPLATES.find(({ id }) => id === 'small-resnet')?.architecture([8, 8, 1], 10) as never,
      1,
    );
    const parts = removableParts(model);
    expect(parts.filter(({ kind }) => kind === 'branch').map(({ name }) => name)).toEqual(['add_1', 'add_2']);
    for (const part of parts) validateModel(withoutPart(model, part));
    const left = withoutPart(model, parts.find(({ kind }) => kind === 'branch') as never);
    expect(names(left)).not.toContain('add_1');
    expect(names(model).length - names(left).length).toBe(
      (parts.find(({ kind }) => kind === 'branch')?.layers.length as number) + 1,
    );
  });

  it('is the heavier of two branches, where the shortcut has weights too', () => {
    const [main, tail, shortcut, out] = [square(1), square(2), square(3), square(4)];
    const dense = (name: string, input: string, kernel: { id: string }): Layer => ({
      kind: 'dense',
      name,
      inputs: [input],
      kernel: kernel.id,
      activation: { fn: 'linear' },
    });
    const model = modelOf(
      [
        { kind: 'input', name: 'in', inputs: [], shape: [2] },
        dense('main', 'in', main),
        dense('tail', 'main', tail),
        dense('shortcut', 'in', shortcut),
        { kind: 'add', name: 'add', inputs: ['shortcut', 'tail'] },
        dense('out', 'add', out),
      ],
      [main, tail, shortcut, out],
    );
    const branch = removableParts(model).find(({ kind }) => kind === 'branch');
    expect(branch).toEqual({ kind: 'branch', name: 'add', layers: ['main', 'tail'] });
    const left = withoutPart(model, branch as never);
    expect(names(left)).toEqual(['in', 'shortcut', 'out']);
    // (1, 2) through [3 1; 0 1] is (3, 3), through [4 1; 0 1] (12, 6).
    expect([...outputOf(left, [1, 2])]).toEqual([12, 6]);
  });

  it('takes normalisation and activation along, and refuses what would not fit a flatten behind', () => {
    const model = createModel(
      {
        name: 'pooled',
        input: [4, 4, 1],
        classes: 2,
        rows: [
          { kind: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same', activation: 'linear', bias: false },
          { kind: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same', activation: 'linear', bias: false },
          { kind: 'batchNorm' },
          { kind: 'activation', activation: 'relu' },
          { kind: 'conv2d', filters: 2, kernel: 3, stride: 2, padding: 'same', activation: 'linear', bias: false },
          { kind: 'flatten' },
          { kind: 'dense', units: 2, activation: 'linear', bias: true },
        ],
      },
      1,
    );
    expect(removableParts(model).map(({ layers }) => layers)).toEqual([
      ['conv2d_2', 'batch_normalization_1', 'activation_1'],
    ]);
  });
});

describe('layer removal', () => {
  it('takes nothing out by hand until layers are chosen', async () => {
    const { model, report } = await applyPass(layerRemoval, chain(), { ...by, choose: 'hand' });
    expect(names(model)).toEqual(names(chain()));
    expect(report.notes.map(({ en }) => en)).toEqual([
      'Nothing was changed: choose the layers to take out, under Layers.',
    ]);
  });

  it('takes out by hand what is named, and says what cannot go', async () => {
    const { model, report } = await applyPass(layerRemoval, chain(), { ...by, choose: 'hand', layers: ['d2', 'd4'] });
    expect(names(model)).toEqual(['in', 'd1', 'd3', 'd4']);
    expect(report.notes.map(({ en }) => en)).toEqual([
      'd2 is gone.',
      'd4 cannot go: what follows could not read what comes before.',
    ]);
  });

  it('takes out what costs least, round by round', async () => {
    // Without d2 nothing is lost; then d1 is worth 0.2 and d3 0.1.
    const context = judging(
      (model) => 0.9 - (names(model).includes('d1') ? 0 : 0.2) - (names(model).includes('d3') ? 0 : 0.1),
    );
    const one = await applyPass(layerRemoval, chain(), by, context);
    expect(names(one.model)).toEqual(['in', 'd1', 'd3', 'd4']);
    expect(one.report.notes[0]?.en).toBe('d2 is gone. Without it 90.0 % of the validation images looked at are right.');
    const two = await applyPass(layerRemoval, chain(), { ...by, count: 2 }, context);
    expect(names(two.model)).toEqual(['in', 'd1', 'd4']);
    const all = await applyPass(layerRemoval, chain(), { ...by, count: 9 }, context);
    expect(names(all.model)).toEqual(['in', 'd4']);
    expect(all.report.notes.at(-1)?.en).toBe('After 3, no other layer can go.');
  });

  it('leaves the model as it is where nothing can go', async () => {
    const model = denseModel(tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([3, 1], [1, 2, 3]));
    const { model: same, report } = await applyPass(
      layerRemoval,
      model,
      by,
      judging(() => 1),
    );
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toContain('no layer can go here');
  });

  it('takes the branch that a named layer is in, where only branches go', async () => {
    const template = TEMPLATES.find(({ id }) => id === 'small-resnet');
    const model = createModel(template?.architecture([8, 8, 1], 10) as never, 1);
    const values = { ...by, choose: 'hand', parts: 'branches', layers: ['conv2d_5'] };
    const { model: left } = await applyPass(layerRemoval, model, values);
    validateModel(left);
    expect(names(left)).toContain('add_1');
    expect(names(left)).not.toContain('add_2');
  });
});
