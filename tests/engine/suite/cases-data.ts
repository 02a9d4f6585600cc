/** Runs whose images are not simply those of the data set: moved, noise, for the teacher only, or behind masks that may open. */
import { createModel } from '#core/model/create';
import { mapPrunable, tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { LossTerm } from '#core/objective';
import type { TrainHooks } from '#core/pass';
import type { Backend } from '#engine/backend';
import { train } from '#engine/train';
import { curveCase, encoded, NETWORKS, objectiveFor, tinyBars } from './cases-training';
import { assertClose, type Case } from './run';

const model = () => createModel(NETWORKS.plain, 9);
const told: LossTerm = { kind: 'crossEntropy', weight: 0.3 };
const taught = (): LossTerm => ({
  kind: 'distillation',
  weight: 0.7,
  temperature: 3,
  teacher: { kind: 'model', model: createModel(NETWORKS.residual, 9) },
});

/** Half of the weights go after a quarter of the run, and come back after a half. */
const revised: Case = {
  name: 'training: a hook prunes on the way, and lets everything grow again',
  async run(backend, cpu) {
    const run = async (on: Backend): Promise<Model> => {
      const masked = (of: Model, isKept: (i: number) => boolean, values: (layer: string) => Float32Array): Model =>
        mapPrunable(of, [], ({ name }, { shape }) => {
          const from = values(name);
          const mask = Uint8Array.from(from, (_, i) => (isKept(i) ? 1 : 0));
          const kept = from.map((value, i) => (mask[i] ? value : 0));
          return makeTensor(shape, kept, { mask, values: { kind: 'dense' } });
        });
      const hooks: TrainHooks = {
        every: 0.25,
        revise(now, done, shadow) {
          if (done === 0.25) return masked(now, (i) => i % 2 === 0, shadow);
          return done === 0.5 ? masked(now, () => true, shadow) : now;
        },
      };
      const objective = objectiveFor(model(), { regrow: true, optimizer: { kind: 'sgd' }, learningRate: 0.05 });
      return (await train(on, objective, tinyBars, { hooks, validate: false })).model;
    };
    const live = backend.counts().live;
    const [actual, expected] = [await run(backend), await run(cpu)];
    if (backend !== cpu && backend.counts().live !== live) throw new Error('something was left over');
    for (const [i, layer] of expected.layers.entries()) {
      if (!('kernel' in layer)) continue;
      const own = tensorOf(actual, actual.layers[i] as Layer, 'kernel') as Tensor;
      const right = tensorOf(expected, layer, 'kernel') as Tensor;
      assertClose(own.data, right.data, 1e-3, layer.name);
      if (right.data.some((value) => value === 0)) throw new Error(`${layer.name} has not grown again`);
    }
  },
};

export const dataCases: readonly Case[] = [
  curveCase('images moved by up to two pixels, and dropout', () =>
    objectiveFor(createModel(NETWORKS.separable, 9), { augment: { shift: 2 } }),
  ),
  curveCase('images moved, the teacher running along', () =>
    objectiveFor(model(), { loss: [told, taught()], augment: { shift: 1 } }),
  ),
  curveCase('labels for some images, a teacher for all', () =>
    objectiveFor(model(), { loss: [told, taught()], data: { labelled: 24, transfer: 'all' }, epochs: 0.5 }),
  ),
  curveCase('noise for the teacher, images for the labels', () =>
    objectiveFor(model(), { loss: [told, taught()], data: { transfer: 'noise' }, epochs: 0.5 }),
  ),
  curveCase('noise alone', () => objectiveFor(model(), { loss: [taught()], data: { transfer: 'noise' } })),
  revised,
  curveCase('a mask and a grid, pruned weights growing on', () =>
    objectiveFor(encoded(model(), 'grid'), { regrow: true, optimizer: { kind: 'sgd' }, learningRate: 0.02 }),
  ),
];
