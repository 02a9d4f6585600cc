import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { layerOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import { withoutSoftmax } from '#core/model/logits';
import { TEMPLATES } from '#core/templates';
import { Builder, PLAIN } from '../support/models';
import { outputOf } from '../support/reference-forward';

const SOFTMAX = { fn: 'softmax' } as const;

function ending(size: readonly [number, number], tail: readonly Layer[]) {
  const b = new Builder();
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [...size, 2] });
  b.add({ kind: 'conv2d', name: 'c', inputs: ['in'], kernel: b.tensor([1, 1, 2, 3], [1, 2, 3, -1, 0, 1]), ...PLAIN });
  for (const layer of tail) b.add(layer);
  return b.model();
}
const softmaxLayer: Layer = { kind: 'activation', name: 's', inputs: ['c'], activation: SOFTMAX };

describe('withoutSoftmax', () => {
  it.each(TEMPLATES.map((template) => [template.id, template] as const))(
    'gives logits whose softmax are the outputs of %s',
    (_id, template) => {
      const model = createModel(template.architecture([8, 8, 1], 4), 2);
      const image = Array.from({ length: 64 }, (_, i) => (i % 7) / 7);
      const { model: bare, had } = withoutSoftmax(model);
      expect(had).toBe(true);
      const exponentials = [...outputOf(bare, image)].map(Math.exp);
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      const probabilities = outputOf(model, image);
      for (const [i, value] of exponentials.entries())
        expect(value / total).toBeCloseTo(probabilities[i] as number, 10);
      expect(withoutSoftmax(bare)).toEqual({ model: bare, had: false });
    },
  );

  it('finds a softmax of its own, behind a reshape too, as MobileNet ends', () => {
    const pixel = ending([1, 1], [softmaxLayer, { kind: 'reshape', name: 'r', inputs: ['s'], shape: [3] }]);
    const { model, had } = withoutSoftmax(pixel);
    expect(had).toBe(true);
    expect([...outputOf(model, [1, 2])]).toEqual([-1, 2, 5]);
    expect(layerOf(model, 's')).toMatchObject({ activation: { fn: 'linear' } });
  });

  it('leaves a softmax over each pixel, and one that something else reads', () => {
    expect(withoutSoftmax(ending([2, 2], [softmaxLayer, { kind: 'flatten', name: 'f', inputs: ['s'] }])).had).toBe(
      false,
    );
    const twice = ending(
      [1, 1],
      [softmaxLayer, { kind: 'flatten', name: 'f', inputs: ['s'] }, { kind: 'flatten', name: 'g', inputs: ['s'] }],
    );
    expect(withoutSoftmax({ ...twice, outputs: ['f', 'g'] }).had).toBe(false);
    expect(withoutSoftmax(ending([1, 1], [{ kind: 'flatten', name: 'f', inputs: ['c'] }])).had).toBe(false);
  });
});
