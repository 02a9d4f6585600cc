/** All contestants with the same networks: our engine, PyTorch where there is one, stock TensorFlow.js and jax-js on what they have here. */
import type { Contestant, Network } from '../harness/network';
import { BATCH } from '../harness/network';
import type { Lab } from '../lab';
import { makeOurs, networkOf, type Ours, sampleOf } from './engine';
import { type JaxPeer, makeJax } from './jax';
import { makePyTorch, type PyTorch } from './pytorch';
import { makeStock, type StockPeer } from './stock';

export interface Peers {
  readonly wasm: Ours;
  readonly cpu: Ours;
  readonly pytorch: PyTorch | null;
  readonly stocks: readonly (Contestant & { readonly who: string })[];
  /** jax-js on one device, for training. */
  readonly jax: (device: 'wasm' | 'webgl' | 'webgpu') => Promise<JaxPeer>;
  readonly close: () => Promise<void>;
}

/** Template ids, by the names that the tables show. */
export const NETWORKS = { 'small-cnn': 'Small CNN', 'lenet-5': 'LeNet-5' } as const;

/** Training batches that peers have at hand, over and over. */
const BATCHES = 40;

/** `steps` of training come before the weights are handed out. */
export async function gather(lab: Lab, ids: readonly string[], steps = 0): Promise<Peers> {
  const networks: Network[] = [];
  for (const id of ids) networks.push(await networkOf(lab, id, steps));
  const sample = await sampleOf(lab, BATCHES * BATCH);
  const pytorch = await makePyTorch(lab, networks, sample);
  console.log(`  ${pytorch?.note ?? 'PyTorch was not found: apt-get install python3-torch libopenblas0-pthread'}`);
  const stocks: StockPeer[] = [];
  for (const backend of ['cpu', 'webgl', 'webgpu'] as const) {
    try {
      stocks.push(await makeStock(lab, backend, networks, sample));
    } catch (error) {
      console.log(
        `  Stock TensorFlow.js has no ${backend} here: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const opened: JaxPeer[] = [];
  return {
    wasm: await makeOurs(lab, 'wasm'),
    cpu: await makeOurs(lab, 'cpu'),
    pytorch,
    stocks,
    async jax(device) {
      const one = await makeJax(lab, device, networks, sample);
      opened.push(one);
      return one;
    },
    close: async () => {
      pytorch?.close();
      for (const one of [...stocks, ...opened]) await one.close();
    },
  };
}

/** Answers on which rounding may decide differently. */
const NEAR_TIES = 3;

/** Images a second. Throws where a contestant does not answer as many images correctly as ours, but for near ties. */
export async function checkedSpeed(
  one: Contestant & { readonly who: string },
  id: string,
  images: number,
  expected: number,
): Promise<number> {
  const { correct, speed } = await one.infer(id, images);
  if (Math.abs(correct - expected) > NEAR_TIES)
    throw new Error(`${one.who} answers ${correct} of ${images} images correctly with ${id}, ours ${expected}.`);
  return speed;
}
