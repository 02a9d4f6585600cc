/** One network of an ensemble in the page's TensorFlow.js: its logits, and what its layers give for trees. */
import type { NetworkEntry } from '#formats/ensemble/manifest';

/** The parts of TensorFlow.js that are used; whatever version the page has. */
// biome-ignore lint/suspicious/noExplicitAny: TensorFlow.js is the page's own
export type TensorFlow = any;

export interface Network {
  /** What it says about some images [count, ...input], each run at most once. */
  readonly asked: (pixels: Float32Array, count: number) => Asked;
  readonly dispose: () => void;
}
interface Asked {
  /** [rows, width]: what the layer gives for these images; null for the answer, as logits where there are any. */
  readonly of: (rows: Uint32Array, layer: string | null) => Promise<Float32Array>;
  /** How many images it ran for. */
  readonly ran: () => number;
}

interface LayerConfig {
  class_name: string;
  config: Record<string, unknown>;
}
interface ModelJson {
  readonly modelTopology: { readonly config: { readonly layers: LayerConfig[] } };
  readonly weightsManifest: readonly { readonly weights: readonly object[] }[];
}

/** Images run at once. */
const BATCH = 128;

export async function startNetwork(
  tf: TensorFlow,
  { file, weights, last }: NetworkEntry,
  input: readonly number[],
  places: readonly string[],
  bytesOf: (name: string) => Promise<Uint8Array>,
): Promise<Network> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(await bytesOf(file))) as ModelJson;
  if (last !== undefined) cutAt(modelTopology.config.layers, last);
  const weightData = (await bytesOf(weights)).slice().buffer;
  const artifacts = { modelTopology, weightSpecs: weightsManifest.flatMap((group) => group.weights), weightData };
  const model = await tf.loadLayersModel({ load: async () => artifacts });
  const outputs = [model.outputs[0], ...places.map((place) => model.getLayer(place).output)];
  const whole = outputs.length > 1 ? tf.model({ inputs: model.inputs, outputs }) : model;

  const run = async (pixels: Float32Array, rows: number): Promise<readonly Float32Array[]> => {
    const images = tf.tensor(pixels, [rows, ...input]);
    const given = whole.predict(images, { batchSize: BATCH });
    const all = Array.isArray(given) ? given : [given];
    const values = await Promise.all(all.map((one) => one.data()));
    for (const tensor of [images, ...all]) tensor.dispose();
    return values;
  };
  return {
    asked(pixels, count) {
      const size = pixels.length / count;
      const has = new Uint8Array(count);
      const known: Float32Array[] = [];
      let ran = 0;
      return {
        async of(rows, layer) {
          const missing = rows.filter((row) => !has[row]);
          if (missing.length > 0) {
            const values = await run(gathered(pixels, missing, size), missing.length);
            for (const [place, own] of values.entries()) {
              const width = own.length / missing.length;
              known[place] ??= new Float32Array(count * width);
              for (const [i, row] of missing.entries())
                known[place].set(own.subarray(i * width, (i + 1) * width), row * width);
            }
            for (const row of missing) has[row] = 1;
            ran += missing.length;
          }
          const values = known[layer === null ? 0 : 1 + places.indexOf(layer)] ?? new Float32Array(0);
          return gathered(values, rows, values.length / count);
        },
        ran: () => ran,
      };
    },
    dispose: () => model.dispose(),
  };
}

/** Takes the softmax or sigmoid off: ways of combining work on what stands before it. */
function cutAt(layers: readonly LayerConfig[], name: string): void {
  const layer = layers.find(({ config }) => config['name'] === name);
  if (!layer) throw new Error(`no layer is called ${name}`);
  if (layer.class_name !== 'Softmax') layer.config['activation'] = 'linear';
  else {
    layer.class_name = 'Activation';
    layer.config = { name, activation: 'linear' };
  }
}

/** These rows of [images, width]. */
export function gathered(values: Float32Array, rows: Uint32Array, width: number): Float32Array {
  const some = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) some.set(values.subarray(row * width, (row + 1) * width), i * width);
  return some;
}
