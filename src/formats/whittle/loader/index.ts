/**
 * The loader: one small module without dependencies that hands stock TensorFlow.js the model in a .whittle file. It is built
 * by itself (`build/loader`) and goes with the file: `await loadWhittle(tf, 'model.whittle')`. It runs nothing that the file brings.
 */
import { codeModel } from '#formats/whittle/content';
import { readExchange } from '#formats/whittle/exchange';
import { ROUNDING, topologyOf } from '#formats/whittle/loader/topology';

/** What `tf.io.fromMemory` takes, and the handlers of `tf.loadLayersModel` give. */
export interface Artifacts {
  readonly format: 'layers-model';
  readonly modelTopology: object;
  readonly weightSpecs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: 'float32';
  }[];
  readonly weightData: ArrayBuffer;
}

/** The model in the bytes of a .whittle file, as TensorFlow.js wants it. Throws where the file is damaged. */
export function readWhittle(bytes: Uint8Array): Artifacts {
  const { layers, inputs, outputs, tensors, activationGrids } = readExchange(bytes, (exchange) => codeModel(exchange));
  const tensorAt = (place: string) => tensors[place] as (typeof tensors)[string];
  const { topology, weights } = topologyOf(
    layers,
    inputs,
    outputs,
    activationGrids ?? {},
    (place) => tensorAt(place).shape,
  );
  const all = weights.map(({ tensor }) => tensorAt(tensor).data);
  const weightData = new Float32Array(all.reduce((sum, data) => sum + data.length, 0));
  let at = 0;
  for (const data of all) {
    weightData.set(data, at);
    at += data.length;
  }
  return {
    format: 'layers-model',
    modelTopology: topology,
    weightSpecs: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
    weightData: weightData.buffer,
  };
}

/** The parts of TensorFlow.js that are used; whatever version the page has. */
// biome-ignore lint/suspicious/noExplicitAny: TensorFlow.js is the page's own
type TensorFlow = any;

/** The network in `source`: an address, bytes, a Blob or a File. `tf` is stock TensorFlow.js. */
export async function loadWhittle(
  tf: TensorFlow,
  source: string | Uint8Array | ArrayBuffer | BlobLike,
): Promise<unknown> {
  const bytes = await bytesOf(source);
  const artifacts = readWhittle(bytes);
  if (JSON.stringify(artifacts.modelTopology).includes(`"${ROUNDING}"`)) teachRounding(tf);
  return tf.loadLayersModel({ load: async () => artifacts });
}

interface BlobLike {
  arrayBuffer(): Promise<ArrayBuffer>;
}
declare function fetch(address: string): Promise<BlobLike & { readonly ok: boolean; readonly status: number }>;

async function bytesOf(source: string | Uint8Array | ArrayBuffer | BlobLike): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof source === 'object' && 'arrayBuffer' in source) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** TensorFlow.js has no layer that rounds activations to a grid: this is one. */
function teachRounding(tf: TensorFlow): void {
  class Rounding extends tf.layers.Layer {
    static className = ROUNDING;
    readonly settings: {
      readonly scale: number;
      readonly zeroPoint: number;
      readonly qMin: number;
      readonly qMax: number;
    };
    constructor(settings: Rounding['settings']) {
      super(settings);
      this.settings = settings;
    }
    call(inputs: unknown): unknown {
      const { scale, zeroPoint, qMin, qMax } = this.settings;
      return tf.tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0] : inputs;
        const q = tf.clipByValue(tf.round(tf.div(x, scale)), qMin - zeroPoint, qMax - zeroPoint);
        return tf.mul(q, scale);
      });
    }
    getConfig(): object {
      return { ...super.getConfig(), ...this.settings };
    }
  }
  tf.serialization.registerClass(Rounding);
}
