import { describe, expect, it } from 'vitest';
import { type ChannelGroup, channelGroups, cutChannels } from '#core/model/channels';
import { layerOf, type TensorChange, tensorOf, withTensors } from '#core/model/edit';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import fc from '../../properties';
import { OPERATIONS, randomModel } from '../support/random-models';
import { outputOf } from '../support/reference-forward';

/** The model with these units of a group made to give 0, whatever they read. */
function silence(model: Model, group: ChannelGroup, units: readonly number[]): Model {
  const changes: TensorChange[] = [];
  for (const { layer: layerName, channels } of [...group.producers, ...group.carriers]) {
    const layer = layerOf(model, layerName);
    if (!layer) throw new Error(layerName);
    const dead = new Set(units.flatMap((unit) => channels[unit] ?? []));
    const change = (role: 'kernel' | 'bias' | 'beta', value: (channel: number, old: number) => number): void => {
      const tensor = tensorOf(model, layer, role);
      if (!tensor) return;
      const count = tensor.shape.at(-1) as number;
      changes.push({
        layer: layerName,
        role,
        tensor: makeTensor(
          tensor.shape,
          tensor.data.map((old, i) => (dead.has(i % count) ? value(i % count, old) : old)),
        ),
      });
    };
    if (layer.kind === 'batchNorm') {
      const [gamma, mean, variance] = (['gamma', 'mean', 'variance'] as const).map(
        (role) => tensorOf(model, layer, role)?.data as Float32Array,
      ) as [Float32Array, Float32Array, Float32Array];
      change(
        'beta',
        (c) => ((gamma[c] as number) * (mean[c] as number)) / Math.sqrt((variance[c] as number) + layer.epsilon),
      );
    } else if (layer.kind !== 'prelu') {
      // A depthwise kernel maps 0 to 0 already: only its bias matters.
      if (layer.kind !== 'depthwiseConv2d') change('kernel', () => 0);
      change('bias', () => 0);
    }
  }
  return withTensors(model, changes);
}

describe('cutting channels that give zero', () => {
  it('leaves the output of random residual, concatenating and depthwise networks within 1e-5', () => {
    let cutUnits = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...OPERATIONS), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.integer(),
        (operations, flatten, seed) => {
          let model = randomModel(operations, flatten, seed);
          const random = seededRandom(seed ^ 0x5eed);
          const cuts = new Map<string, number[]>();
          for (const group of channelGroups(model)) {
            if (!group.prunable) continue;
            const keep = Array.from({ length: group.count }, (_, i) => i).filter(() => random() < 0.6);
            if (keep.length === 0) keep.push(0);
            cuts.set(group.id, keep);
            const dead = Array.from({ length: group.count }, (_, i) => i).filter((unit) => !keep.includes(unit));
            cutUnits += dead.length;
            model = silence(model, group, dead);
          }
          const cut = cutChannels(model, cuts);
          const image = Array.from({ length: 72 }, () => 2 * random() - 1);
          const [before, after] = [outputOf(model, image), outputOf(cut, image)];
          for (const [i, value] of before.entries()) expect(Math.abs((after[i] as number) - value)).toBeLessThan(1e-5);
          for (const [id, keep] of cuts) {
            // The groups of the cut model are the same ones with the kept units.
            expect(channelGroups(cut).find((group) => group.id === id)?.count).toBe(keep.length);
          }
        },
      ),
      { numRuns: 300, seed: 20_150_601 },
    );
    expect(cutUnits).toBeGreaterThan(1000);
  });

  it('changes the output when a channel that counts is cut (so the test above can fail)', () => {
    const model = randomModel(['residual', 'depthwise', 'concat'], true, 7);
    const group = channelGroups(model).find(({ prunable, count }) => prunable && count > 1) as ChannelGroup;
    const image = Array.from({ length: 72 }, (_, i) => Math.sin(i));
    const cut = cutChannels(model, new Map([[group.id, [0]]]));
    const [before, after] = [outputOf(model, image), outputOf(cut, image)];
    expect(Math.max(...before.map((value, i) => Math.abs(value - (after[i] as number))))).toBeGreaterThan(1e-4);
  });
});
