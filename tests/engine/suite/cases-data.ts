/** Runs whose images are not simply those of the data set: moved, noise, for the teacher only, or behind masks that may open. */
import { createModel } from '#core/model/create';
import type { LossTerm } from '#core/objective';
import { curveCase, encoded, NETWORKS, objectiveFor } from './cases-training';
import type { Case } from './run';

const model = () => createModel(NETWORKS.plain, 9);
const told: LossTerm = { kind: 'crossEntropy', weight: 0.3 };
const taught = (): LossTerm => ({
  kind: 'distillation',
  weight: 0.7,
  temperature: 3,
  teacher: { kind: 'model', model: createModel(NETWORKS.residual, 9) },
});

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
  curveCase('a mask and a grid, pruned weights growing on', () =>
    objectiveFor(encoded(model(), 'grid'), { regrow: true, optimizer: { kind: 'sgd' }, learningRate: 0.02 }),
  ),
];
