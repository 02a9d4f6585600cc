/** What the page knows of a model: its layers and counts, and the bytes of its TensorFlow.js file, written to be counted. */
import { heldBy, type LayerHolds } from '#core/effects';
import { countMacs } from '#core/metrics/operations';
import { countLayer, countParameters } from '#core/metrics/size';
import { modelId } from '#core/model/hash';
import { isPrunable, type Layer, tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { WriteError } from '#formats/format';
import { FORMATS } from '#formats/index';
import { writtenAsFloats } from '#formats/tfjs-layers/grids';
import type { LayerSummary, ModelSummary } from '#worker/protocol';

export async function summaryOf(model: Model): Promise<ModelSummary> {
  const counts = countParameters(model);
  const macs = countMacs(model);
  const shapes = shapesOf(model);
  const held = heldBy(model);
  const output = shapes[model.outputs[0] ?? ''] ?? [];
  return {
    id: modelId(model),
    kind: 'model',
    name: model.name,
    meta: model.meta,
    inputShape: shapes[model.inputs[0] ?? ''] ?? [],
    classes: output.reduce((product, size) => product * size, 1),
    parameters: counts.parameters,
    nonZero: counts.nonZero,
    distinct: counts.distinct,
    macs: macs.total,
    bytes: await writtenBytes(model),
    ...(await packedSize(model, counts.parameters)),
    ...asFloats(model),
    layers: model.layers.map((layer, at): LayerSummary => {
      const { name, kind, inputs } = layer;
      const holds = held[at] as LayerHolds;
      const { parameters, nonZero } = countLayer(model, layer);
      return {
        ...holds,
        kind,
        inputs,
        shape: shapes[name] ?? [],
        parameters,
        nonZero,
        macs: macs.byLayer[name] ?? 0,
        encoding: encodingOf(model, layer, holds),
      };
    }),
  };
}

/** Packing takes about a second for so many parameters. */
const PACKED_AT_ONCE = 1_000_000;

async function packedSize(model: Model, parameters: number): Promise<Pick<ModelSummary, 'packedBytes'>> {
  const pays = Object.values(model.tensors).some(({ encoding: { mask, values } }) => mask || values.kind !== 'dense');
  return pays && parameters <= PACKED_AT_ONCE ? { packedBytes: await packedBytes(model) } : {};
}

/** Bytes of the .whittle file. */
export async function packedBytes(model: Model): Promise<number> {
  const { packed } = await import('#formats/whittle/write');
  return packed(model).length;
}

/** What the TensorFlow.js zip, whose bytes are shown, holds as float32. */
export function asFloats(model: Model): Pick<ModelSummary, 'asFloats'> {
  const found = writtenAsFloats(model);
  return found ? { asFloats: found } : {};
}

function encodingOf(model: Model, layer: Layer, { encoding }: LayerHolds): LayerSummary['encoding'] {
  const kernel = tensorsOf(layer).find(([role]) => isPrunable(layer, role));
  const tensor = kernel && model.tensors[kernel[1]];
  if (!tensor) return { kind: tensorsOf(layer).length ? 'dense' : 'none', sparsity: 0 };
  const { data } = tensor;
  const { values } = tensor.encoding;
  let zeros = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeros++;
  const sparsity = zeros / Math.max(1, data.length);
  return { ...encoding, sparsity, ...(values.kind === 'codebook' ? { clusters: values.centroids.length } : {}) };
}

/**
 * Bytes of the TensorFlow.js zip with the model's own values: grids that it cannot hold count as float32. A model that
 * TensorFlow.js has no layers for is counted as the first format's file that can hold it. Rejects where `pause` does.
 */
export async function writtenBytes(model: Model, pause?: () => Promise<void>): Promise<number> {
  let refused: unknown = new Error('no format can write');
  for (const format of FORMATS) {
    try {
      const written = await format.write?.(model, { unsupportedGrids: 'float', pause });
      if (written) return [...written.bundle.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      refused = error;
    }
  }
  throw refused;
}
