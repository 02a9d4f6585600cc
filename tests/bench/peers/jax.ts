/** jax-js on one of its devices as a contestant in training, in a page of its own. */
import { readFileSync } from 'node:fs';
import type { Jax } from '../harness/jax';
import type { Contestant, Network, Sample } from '../harness/network';
import type { Lab } from '../lab';

declare const jax: Jax;

export interface JaxPeer extends Pick<Contestant, 'curve' | 'train'> {
  readonly who: string;
  readonly close: () => Promise<void>;
}

/** Where the browser has no such device, or jax-js cannot use it, the row says so: its losses and its speed are none. */
export async function makeJax(
  lab: Lab,
  device: 'wasm' | 'webgl' | 'webgpu',
  networks: readonly Network[],
  sample: Sample,
): Promise<JaxPeer> {
  const { version } = JSON.parse(readFileSync('node_modules/@jax-js/jax/package.json', 'utf8')) as { version: string };
  const page = await lab.jax();
  try {
    const how = await page.evaluate((wanted) => jax.start(wanted), device);
    for (const network of networks)
      await page.evaluate(([one, images]) => jax.give(one, images), [network, sample] as const);
    return {
      who: `jax-js ${version} ${how}${device === 'wasm' ? '' : ' (software)'}`,
      curve: (id, steps, seconds) => page.evaluate((values) => jax.curve(...values), [id, steps, seconds] as const),
      train: (id, seconds) => page.evaluate((values) => jax.train(...values), [id, seconds] as const),
      close: () => page.close(),
    };
  } catch (error) {
    await page.close();
    const why = error instanceof Error ? (error.message.split('\n')[0] as string) : String(error);
    console.log(`  jax-js cannot be run on ${device} here: ${why}`);
    return {
      who: `jax-js ${version} ${device} (cannot be run here)`,
      curve: async () => [],
      train: async () => Number.NaN,
      close: async () => undefined,
    };
  }
}
