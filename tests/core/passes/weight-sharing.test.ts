/** Weight sharing on weights worked by hand: clusters, masks, exact codebooks, and what it consumes. */
import { describe, expect, it } from 'vitest';
import { lostNotes } from '#core/effects';
import { countParameters } from '#core/metrics/size';
import { codesOf } from '#core/model/encoding';
import { validateModel } from '#core/model/validate';
import { normal, seededRandom } from '#core/numeric/random';
import { weightSharing } from '#core/passes/weight-sharing';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';

describe('weight sharing', () => {
  it('gives every weight the mean of its cluster, layer by layer', async () => {
    const model = denseModel(tensor([2, 3], [1, 2, 3, 101, 102, 103]), tensor([3, 2], [0, 0, 1, 7, 8, 9]));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2 });
    expect([...kernelOf(shared, 'd1').data]).toEqual([2, 2, 2, 102, 102, 102]);
    expect(kernelOf(shared, 'd1').encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.from([2, 102]),
    });
    expect([...kernelOf(shared, 'd2').data]).toEqual([1 / 3, 1 / 3, 1 / 3, 8, 8, 8].map(Math.fround));
  });

  it('leaves pruned weights zero and out of the clusters', async () => {
    const mask = Uint8Array.from([0, 1, 1, 0, 1, 1]);
    const model = denseModel(tensor([2, 3], [0, 1, 3, 0, 11, 13], { mask, values: { kind: 'dense' } }));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2 });
    const { data, shape, encoding } = kernelOf(shared, 'd1');
    expect([...data]).toEqual([0, 2, 2, 0, 12, 12]);
    expect(encoding).toEqual({ mask, values: { kind: 'codebook', centroids: Float32Array.from([2, 12]) } });
    expect([...codesOf(data, shape, encoding)]).toEqual([-1, 0, 0, -1, 1, 1]);
  });

  it('loses nothing with enough clusters, and says so', async () => {
    const weights = [0.25, -1, 0.25, 3];
    const { model, report } = await applyPass(weightSharing, denseModel(tensor([2, 2], weights)), { clusters: 3 });
    expect([...kernelOf(model, 'd1').data]).toEqual(weights);
    expect(report.notes[0]?.en).toBe('No more than 3 different values in d1: nothing is lost there.');
  });

  it('has a codebook even where everything is pruned', async () => {
    const mask = new Uint8Array(2);
    const { model } = await applyPass(
      weightSharing,
      denseModel(tensor([1, 2], [0, 0], { mask, values: { kind: 'dense' } })),
      { clusters: 4 },
    );
    expect(kernelOf(model, 'd1').encoding.values).toEqual({ kind: 'codebook', centroids: Float32Array.from([0]) });
    expect([...kernelOf(model, 'd1').data]).toEqual([0, 0]);
  });

  it('is the same for the same seed, from random starts too, and whichever layers are chosen', async () => {
    const weights = Array.from({ length: 200 }, (_, i) => Math.tan(i) * 0.1);
    const model = denseModel(tensor([10, 20], weights), tensor([20, 10], weights));
    for (const start of ['random', 'plusplus']) {
      const values = { clusters: 7, start };
      const [one, two] = [
        await applyPass(weightSharing, model, values, plainContext(5)),
        await applyPass(weightSharing, model, values, plainContext(5)),
      ];
      expect(Object.keys(two.model.tensors)).toEqual(Object.keys(one.model.tensors));
      const second = await applyPass(weightSharing, model, { ...values, layers: ['d2'] }, plainContext(5));
      expect(kernelOf(second.model, 'd2').id).toBe(kernelOf(one.model, 'd2').id);
      expect(kernelOf(second.model, 'd1')).toBe(kernelOf(model, 'd1'));
    }
  });

  it('consumes a grid and says so', async () => {
    const values = {
      kind: 'grid',
      bits: 8,
      qMin: -127,
      qMax: 127,
      scale: Float32Array.from([1]),
      zeroPoint: Int32Array.from([0]),
      axis: null,
      symmetric: true,
    } as const;
    const given = denseModel(tensor([1, 4], [1, 2, 9, 8], { values }));
    const { model } = await applyPass(weightSharing, given, { clusters: 2 });
    expect(kernelOf(model, 'd1').encoding.values.kind).toBe('codebook');
    expect(lostNotes(given, model, weightSharing.effects).map(({ en }) => en)).toEqual([
      `No longer quantized: d1. ${weightSharing.effects.reason?.en}`,
    ]);
    // Two signs are a grid of two values.
    const signs = { kind: 'binary', scale: Float32Array.of(2), axis: null } as const;
    const binary = denseModel(tensor([1, 4], [2, -2, -2, 2], { values: signs }));
    const two = await applyPass(weightSharing, binary);
    expect(lostNotes(binary, two.model, weightSharing.effects)).toHaveLength(1);
    expect([...kernelOf(two.model, 'd1').data]).toEqual([2, -2, -2, 2]);
  });
});

describe('codebooks', () => {
  it('of each output channel hold the means of that channel alone', async () => {
    // Columns are outputs: 1 3 11 13, and 100 200 100 200.
    const model = denseModel(tensor([4, 2], [1, 100, 3, 200, 11, 100, 13, 200]));
    const { model: shared, report } = await applyPass(weightSharing, model, { clusters: 2, books: 'channel' });
    const { data, shape, encoding } = kernelOf(shared, 'd1');
    expect([...data]).toEqual([2, 100, 2, 200, 12, 100, 12, 200]);
    expect(encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.from([2, 12, 100, 200]),
      books: { axis: 1, offsets: Int32Array.from([0, 2, 4]) },
    });
    expect([...codesOf(data, shape, encoding)]).toEqual([0, 2, 0, 3, 1, 2, 1, 3]);
    expect(report.notes).toEqual([]);
  });

  it('of a channel that is pruned are empty, and the other ones are not touched by it', async () => {
    const mask = Uint8Array.from([1, 0, 1, 0, 1, 0]);
    const model = denseModel(tensor([3, 2], [1, 0, 3, 0, 20, 0], { mask, values: { kind: 'dense' } }));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2, books: 'channel' });
    expect([...kernelOf(shared, 'd1').data]).toEqual([2, 0, 2, 0, 20, 0]);
    expect(kernelOf(shared, 'd1').encoding.values).toMatchObject({
      centroids: Float32Array.from([2, 20]),
      books: { axis: 1, offsets: Int32Array.from([0, 2, 2]) },
    });
    validateModel(shared);
    const nothing = denseModel(tensor([1, 2], [0, 0], { mask: new Uint8Array(2), values: { kind: 'dense' } }));
    validateModel((await applyPass(weightSharing, nothing, { books: 'channel' })).model);
  });

  it('are never farther from the weights by channel than by layer, nor by layer than for all', async () => {
    const random = seededRandom(4);
    const weights = (): number[] => Array.from({ length: 120 }, (_, i) => normal(random) * (1 + (i % 6)));
    const model = denseModel(tensor([20, 6], weights()), tensor([6, 20], weights()));
    const error = async (books: string): Promise<number> => {
      const { model: shared } = await applyPass(weightSharing, model, { clusters: 4, books, start: 'density' });
      return ['d1', 'd2'].reduce(
        (sum, name) =>
          sum +
          kernelOf(shared, name).data.reduce(
            (own, w, i) => own + (w - (kernelOf(model, name).data[i] as number)) ** 2,
            0,
          ),
        0,
      );
    };
    const [channel, layer, network] = [await error('channel'), await error('layer'), await error('network')];
    expect(channel).toBeLessThan(layer);
    expect(layer).toBeLessThan(network);
  });

  it.each(['channel', 'layer', 'network'])(
    'for each %s lose nothing with as many values as there are',
    async (books) => {
      const model = denseModel(tensor([3, 2], [1, 2, 1, -4, 7, 2]), tensor([2, 1], [1, 7]));
      const k = { channel: 2, layer: 4, network: 4 }[books] as number;
      const { model: shared, report } = await applyPass(weightSharing, model, { clusters: k, books });
      for (const name of ['d1', 'd2'])
        expect([...kernelOf(shared, name).data]).toEqual([...kernelOf(model, name).data]);
      expect(report.notes[0]?.en).toContain('d1, d2: nothing is lost there');
    },
  );

  it('for the whole network are one list of values', async () => {
    const model = denseModel(tensor([1, 3], [1, 3, 10]), tensor([3, 1], [12, 2, 2]));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2, books: 'network' });
    expect([...kernelOf(shared, 'd1').data]).toEqual([2, 2, 11]);
    expect([...kernelOf(shared, 'd2').data]).toEqual([11, 2, 2]);
    expect(countParameters(shared).distinct).toBe(2);
  });
});
