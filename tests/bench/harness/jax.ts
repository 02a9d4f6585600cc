/**
 * jax-js as its documentation says to train with it: one jitted function for a whole step, loss, gradient and Adam, so that
 * it may fuse what it can, and arrays that stay on the device. Images lie as it wants them, channels before rows. Every
 * function owns its arguments: what is used again is handed on as `.ref`.
 */
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  type Array as Values,
  valueAndGrad,
} from '@jax-js/jax';
import { BATCH, fromBase64, LEARNING_RATE, type Network, type NetworkLayer, type Sample } from './network';

/** Kernel and bias of each layer that has them. */
type Weights = Values[];
type State = { weights: Weights; first: Weights; second: Weights };
type Step = (state: State, images: Values, labels: Values, scale: Values) => { state: State; loss: Values };

const networks = new Map<string, Network>();
const steps = new Map<string, Step>();
const states = new Map<string, { state: State; step: number }>();
let batches: { images: Values; labels: Values }[] = [];

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

const weighted = (layer: NetworkLayer): layer is Extract<NetworkLayer, { kernel: string }> => 'kernel' in layer;

/** Layers as they come: [kh, kw, in, out] turned to [out, in, kh, kw]; the first dense kernel's rows to channels first. */
function startOf({ layers }: Network): Weights {
  const weights: Weights = [];
  let channels = 1;
  let flat = false;
  for (const layer of layers) {
    if (layer.kind === 'flatten') flat = true;
    if (!weighted(layer)) continue;
    const kernel = np.array(new Float32Array(fromBase64(layer.kernel).buffer)).reshape([...layer.shape]);
    const units = layer.shape.at(-1) as number;
    if (layer.kind === 'conv') {
      weights.push(np.transpose(kernel, [3, 2, 0, 1]));
      channels = units;
    } else if (flat) {
      const side = Math.round(Math.sqrt((layer.shape[0] as number) / channels));
      const rows = np.transpose(kernel.reshape([side, side, channels, units]), [2, 0, 1, 3]);
      weights.push(rows.reshape([side * side * channels, units]));
      flat = false;
    } else weights.push(kernel);
    weights.push(np.array(new Float32Array(fromBase64(layer.bias).buffer)));
  }
  return weights;
}

function logits(layers: readonly NetworkLayer[], weights: Weights, images: Values): Values {
  let x = images;
  let next = 0;
  for (const layer of layers) {
    if (layer.kind === 'maxPool') x = lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
    else if (layer.kind === 'flatten') x = x.reshape([x.shape[0] as number, -1]);
    else {
      const [kernel, bias] = [weights[next++] as Values, weights[next++] as Values];
      if (layer.kind === 'conv') {
        const units = layer.shape.at(-1) as number;
        x = lax.convGeneralDilated(x, kernel, [1, 1], layer.padding === 'same' ? 'SAME' : 'VALID');
        x = x.add(bias.reshape([1, units, 1, 1]));
      } else x = np.matmul(x, kernel).add(bias);
      if (layer.relu) x = nn.relu(x);
    }
  }
  return x;
}

/** `scale` is Adam's rate with its correction of both means. */
function stepOf({ id, layers }: Network): Step {
  const known = steps.get(id);
  if (known) return known;
  const lossOf = (weights: Weights, images: Values, labels: Values): Values =>
    np.mean(np.sum(nn.logSoftmax(logits(layers, weights, images)).mul(labels), 1)).mul(-1);
  const step = jit((state: State, images: Values, labels: Values, scale: Values) => {
    const { weights, first, second } = state;
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(weights), images, labels);
    const means = first.map((mean, i) => mean.mul(BETA1).add((gradients[i] as Values).ref.mul(1 - BETA1)));
    const squares = second.map((mean, i) => mean.mul(BETA2).add(np.square(gradients[i] as Values).mul(1 - BETA2)));
    const moved = weights.map((value, i) =>
      value.sub((means[i] as Values).ref.mul(scale.ref).div(np.sqrt((squares[i] as Values).ref).add(EPSILON))),
    );
    scale.dispose();
    return { state: { weights: moved, first: means, second: squares }, loss };
  }) as unknown as Step;
  steps.set(id, step);
  return step;
}

/** A fresh state each time a curve is asked for; afterwards the same one goes on. */
function stateOf(id: string, fresh: boolean): { state: State; step: number } {
  const known = states.get(id);
  if (known && !fresh) return known;
  if (known) tree.dispose(known.state);
  const weights = startOf(networkOf(id));
  const zeros = (): Weights => weights.map((one) => np.zeros(one.shape));
  const made = { state: { weights, first: zeros(), second: zeros() }, step: 0 };
  states.set(id, made);
  return made;
}
function networkOf(id: string): Network {
  const network = networks.get(id);
  if (!network) throw new Error(`There is no network ${id}.`);
  return network;
}

function advance(id: string, running: { state: State; step: number }): Values {
  const { images, labels } = batches[running.step % batches.length] as { images: Values; labels: Values };
  const t = ++running.step;
  const rate = (LEARNING_RATE * Math.sqrt(1 - BETA2 ** t)) / (1 - BETA1 ** t);
  const { state, loss } = stepOf(networkOf(id))(running.state, images.ref, labels.ref, np.array(rate));
  running.state = state;
  return loss;
}

const jax = {
  /** Takes up a device; says how it is run. */
  async start(device: 'wasm' | 'webgl' | 'webgpu'): Promise<string> {
    const found = await init(device);
    if (!found.includes(device)) throw new Error(`jax-js has no ${device} here.`);
    defaultDevice(device);
    const threads = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
    return `${device}${device === 'wasm' ? ` (${threads} thread${threads > 1 ? 's' : ''})` : ''}`;
  },
  give(network: Network, images: Sample): void {
    networks.set(network.id, network);
    if (batches.length > 0) return;
    const pixels = Float32Array.from(fromBase64(images.pixels), (pixel) => pixel / 255);
    batches = Array.from({ length: Math.floor(images.labels.length / BATCH) }, (_, b) => {
      const own = new Float32Array(BATCH * 10);
      for (let i = 0; i < BATCH; i++) own[i * 10 + (images.labels[b * BATCH + i] as number)] = 1;
      return {
        images: np.array(pixels.slice(b * BATCH * 784, (b + 1) * BATCH * 784)).reshape([BATCH, 1, 28, 28]),
        labels: np.array(own).reshape([BATCH, 10]),
      };
    });
  },
  async curve(id: string, most: number, seconds: number): Promise<number[]> {
    const running = stateOf(id, true);
    const losses: number[] = [];
    const begun = performance.now();
    while (losses.length < most && (losses.length < 2 || performance.now() - begun < seconds * 1000))
      losses.push((await advance(id, running).data())[0] as number);
    return losses;
  },
  async train(id: string, seconds: number): Promise<number> {
    const running = stateOf(id, false);
    const one = async (count: number): Promise<number> => {
      const begun = performance.now();
      for (let i = 0; i < count; i++) advance(id, running).dispose();
      await blockUntilReady(tree.ref(running.state.weights));
      return performance.now() - begun;
    };
    const first = await one(1);
    const count = Math.max(1, Math.min(200, Math.round((seconds * 1000) / first)));
    // A step that alone fills the time is its own measurement.
    return (count * BATCH * 1000) / (count === 1 ? first : await one(count));
  },
};
export type Jax = typeof jax;
Object.assign(globalThis, { jax });
