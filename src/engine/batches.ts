/** From 8-bit images to the floats a plan reads, and whether a model and a data set fit each other. */
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Dataset, Images } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';

/** Bytes (values) of one image. */
export function imageSize(dataset: Dataset): number {
  return sizeOf(dataset.shape);
}

/** Fills `pixels` and `labels` with the images at rows[begin …]; what is left over at the end stays 0. */
export function fillBatch(
  dataset: Dataset,
  images: Images,
  rowAt: (i: number) => number,
  count: number,
  pixels: Float32Array,
  labels?: Float32Array,
): void {
  const size = imageSize(dataset);
  const scale = Math.fround(dataset.scale);
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    const from = row * size;
    const to = i * size;
    for (let p = 0; p < size; p++) pixels[to + p] = (images.pixels[from + p] as number) * scale;
    if (labels) labels[i] = images.labels[row] as number;
  }
  pixels.fill(0, count * size);
}

/** Throws EngineError('data') where the model's input or number of classes is not the data set's. */
export function assertFits(model: Model, dataset: Dataset): void {
  const shapes = shapesOf(model);
  const input = shapes[model.inputs[0] as string] ?? [];
  const classes = sizeOf(shapes[model.outputs[0] as string] ?? []);
  const asVector = input.length === 1 && input[0] === imageSize(dataset);
  const asImage = input.length === dataset.shape.length && input.every((side, i) => side === dataset.shape[i]);
  if (!asVector && !asImage) {
    const [wanted, given] = [input.join(' × '), dataset.shape.join(' × ')];
    throw new EngineError('data', {
      en: `This model takes inputs of ${wanted}, but the images of this data set are ${given}.`,
      zh: `该模型的输入尺寸为 ${wanted}，而该数据集的图片为 ${given}。`,
    });
  }
  if (classes !== dataset.classes.length) {
    throw new EngineError('data', {
      en: `This model answers with ${classes} classes, but this data set has ${dataset.classes.length}.`,
      zh: `该模型输出 ${classes} 个类别，而该数据集有 ${dataset.classes.length} 个类别。`,
    });
  }
}
