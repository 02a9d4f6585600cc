/** Our own engine as a contestant. */
import type { Ask } from '../harness/engine';
import type { Contestant, Network, Sample } from '../harness/network';
import type { BackendName } from '../harness/worker';
import type { Lab } from '../lab';

declare const ask: Ask;

export interface Ours extends Contestant {
  readonly who: string;
}

export async function makeOurs(lab: Lab, backend: BackendName): Promise<Ours> {
  const page = await lab.engine();
  const about = await page.evaluate((name) => ask('about', name), backend);
  return {
    who: `Whittle ${backend} (${about})`,
    curve: (id, steps, seconds) =>
      page.evaluate((values) => ask('curve', ...values), [backend, id, steps, seconds] as const),
    train: (id, seconds) => page.evaluate((values) => ask('train', ...values), [backend, id, seconds] as const),
    infer: (id, images) => page.evaluate((values) => ask('infer', ...values), [backend, id, images] as const),
  };
}

/** The start weights that all contestants get, after `steps` batches of training. */
export async function networkOf(lab: Lab, id: string, steps = 0): Promise<Network> {
  return (await lab.engine()).evaluate((values) => ask('network', ...values), [id, steps] as const);
}

/** The first training images. */
export async function sampleOf(lab: Lab, count: number): Promise<Sample> {
  return (await lab.engine()).evaluate((images) => ask('sample', images), count);
}
