/** What the engine runs for a predictor. */
import type { Model } from '#core/model/model';
import type { ModelPredictor, Predictor, TreesPredictor } from '#core/predictor';
import { assertFits } from '#engine/batches';
import type { Dataset } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';

/** The model of a predictor that has to be one, since its layers are looked at. Throws EngineError('plan') for others. */
export function modelOf(predictor: Predictor): Model {
  if (predictor.kind === 'model') return predictor.model;
  throw new EngineError('plan', {
    en: 'Hints and attention look into the layers of one network: an ensemble or trees cannot give them.',
    zh: '提示和注意力需要查看单个网络的中间层：集成或树无法提供。',
  });
}

/** The models and trees that answer by themselves, each once, in order. */
export function leavesOf(predictor: Predictor): readonly (ModelPredictor | TreesPredictor)[] {
  switch (predictor.kind) {
    case 'model':
    case 'trees':
      return [predictor];
    case 'ensemble':
      return [...new Set(predictor.members.flatMap(leavesOf))];
    default:
      throw predictor satisfies never;
  }
}

/** Throws EngineError('data') where some model's input or the number of classes is not the data set's. */
export function assertPredicts(predictor: Predictor, dataset: Dataset): void {
  for (const leaf of leavesOf(predictor)) {
    if (leaf.kind === 'model') assertFits(leaf.model, dataset);
    else if (leaf.classes !== dataset.classes.length || String(leaf.shape) !== String(dataset.shape)) {
      throw new EngineError('data', {
        en: 'These trees were grown on images of another size or with other classes than those of this data set.',
        zh: '这些树是在其他尺寸或其他类别的图片上生成的，与该数据集不符。',
      });
    }
  }
}
