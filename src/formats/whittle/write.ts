/** Writes a .whittle file: everything that a model holds, exactly, in as few bytes as its streams allow. */
import { CodingError } from '#core/coding/fault';
import { type Layer, tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import type { WriteResult } from '#formats/format';
import { fileNameFor } from '#formats/names';
import { refuseToWrite } from '#formats/refuse';
import { codeModel, type Packed } from '#formats/whittle/content';
import { writeExchange } from '#formats/whittle/exchange';
import { partsOf, planOf, type Streams } from '#formats/whittle/plans';

/** Throws WriteError for a model that no .whittle file can hold. */
export async function write(model: Model): Promise<WriteResult> {
  const fileName = fileNameFor(model, '.whittle');
  return { bundle: new Map([[fileName, packed(model)]]), fileName, notes: [] };
}

/** The bytes of the file. `streams`: which coders may be used; all of them for the smallest file. */
export function packed(model: Model, streams: Streams = 'all'): Uint8Array {
  if (model.layout !== 'nhwc' || Object.keys(model.activationGrids ?? {}).length > model.layers.length)
    refuseToWrite(
      'layout',
      '',
      { en: 'Its layers keep the layout of the file they came from.', zh: '它的层仍保持原文件的内存布局。' },
      { en: 'Export it in the format it came in.', zh: '请按原格式导出。' },
    );
  const periods = periodsOf(model);
  const { name, layers, inputs, outputs, tensors, meta, activationGrids } = model;
  const content: Packed = {
    name,
    layers,
    inputs,
    outputs,
    tensors,
    ...(activationGrids ? { activationGrids } : {}),
    ...(meta.classes ? { classes: meta.classes } : {}),
    ...(meta.dataset === undefined ? {} : { dataset: meta.dataset }),
  };
  try {
    return writeExchange((exchange) => {
      codeModel(exchange, content, (layer, tensor) => {
        const parts = partsOf(tensor);
        return { parts, plan: planOf(parts, tensor.shape.length > 1 ? (periods.get(layer.name) ?? 0) : 0, streams) };
      });
    });
  } catch (error) {
    if (!(error instanceof CodingError)) throw error;
    return refuseToWrite(
      'too-large',
      '',
      { en: 'It has names or tensors that are too large for this format.', zh: '它的名称或张量过大，此格式无法容纳。' },
      { en: 'Shorten the names of its layers, or choose another format.', zh: '请缩短层名，或选择其他格式。' },
    );
  }
}

/** After how many rows of its kernel each layer meets the next position of the image: the channels it reads. */
function periodsOf(model: Model): ReadonlyMap<string, number> {
  const shapes = shapesOf(model);
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const channels = (layer: Layer | undefined): number => {
    const shape = layer && shapes[layer.name];
    if (!shape || shape.length === 3) return shape?.[2] ?? 0;
    const same = ['flatten', 'reshape', 'dropout', 'activation'].includes(layer.kind);
    return same ? channels(byName.get(layer.inputs[0] ?? '')) : 0;
  };
  return new Map(
    model.layers.flatMap((layer) =>
      tensorsOf(layer).length > 0 ? [[layer.name, channels(byName.get(layer.inputs[0] ?? ''))] as const] : [],
    ),
  );
}
