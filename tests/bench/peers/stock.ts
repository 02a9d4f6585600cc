/** Stock TensorFlow.js on one of its backends as a contestant, in a page of its own. */
import type { Contestant, Network, Sample } from '../harness/network';
import type { Stock } from '../harness/stock';
import type { Lab } from '../lab';

declare const stock: Stock;

export interface StockPeer extends Contestant {
  readonly who: string;
  readonly close: () => Promise<void>;
}

/** Rejects where the browser has no such backend. There is no graphics card in the test's browser: its graphics are emulated. */
export async function makeStock(
  lab: Lab,
  backend: 'cpu' | 'webgl' | 'webgpu',
  networks: readonly Network[],
  sample: Sample,
): Promise<StockPeer> {
  const page = await lab.stock();
  const name = await page.evaluate((wanted) => stock.start(wanted), backend);
  for (const network of networks)
    await page.evaluate(([one, images]) => stock.give(one, images), [network, sample] as const);
  return {
    who: backend === 'cpu' ? name : `${name} (software)`,
    curve: (id, steps, seconds) => page.evaluate((values) => stock.curve(...values), [id, steps, seconds] as const),
    train: (id, seconds) => page.evaluate((values) => stock.train(...values), [id, seconds] as const),
    infer: (id, images) => page.evaluate((values) => stock.infer(...values), [id, images] as const),
    close: () => page.close(),
  };
}
