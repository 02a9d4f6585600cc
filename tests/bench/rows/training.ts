/** Training, batch 64 with Adam, on real MNIST: the same networks from the same weights, after their losses were seen to agree. */
import type { Contestant } from '../harness/network';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import { gather, NETWORKS } from '../peers/gather';
import { contest, contestTable, type Entrant, RATIO, restless, speed } from '../rounds';
import type { Row } from '../row';

const STEPS = 20;
/** Largest difference of a step's loss, as a share of the first one. */
const AGREEMENT = 0.02;
/** Seconds of a stretch. */
const STRETCH = 1.2;
/** Seconds a step from which a contestant takes part in three rounds, and in two, only. */
const SLOW = 0.7;
const VERY_SLOW = 4;
/** And from which it is timed once. */
const HOPELESS = 10;

export const training: Row = {
  name: 'training',
  title: 'Training, images a second (batch 64, Adam, MNIST)',
  compared: RATIO,
  run,
  fault: restless,
  table: (lines) => contestTable(lines, speed),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const { wasm, cpu, pytorch, stocks, jax, close } = await gather(lab, Object.keys(NETWORKS));
  const peers: (Pick<Contestant, 'curve' | 'train'> & { who: string })[] = [cpu, ...stocks];
  for (const device of ['wasm', 'webgpu', 'webgl'] as const) peers.push(await jax(device));
  const measurements: Measurement[] = [];
  for (const [id, what] of Object.entries(NETWORKS)) {
    const reference = await wasm.curve(id, STEPS, 60);
    const entrants: Entrant[] = [{ who: wasm.who, stretch: () => wasm.train(id, STRETCH) }];
    if (pytorch) {
      await agree(what, pytorch, id, reference);
      entrants.push({ who: pytorch.who, stretch: () => pytorch.train(id, STRETCH) });
    }
    for (const one of peers) {
      const step = await agree(what, one, id, reference);
      const rounds = step > HOPELESS ? 1 : step > VERY_SLOW ? 2 : step > SLOW ? 3 : undefined;
      entrants.push({ who: one.who, rounds, stretch: () => one.train(id, STRETCH) });
    }
    measurements.push(...(await contest(what, entrants, 'images/s')));
  }
  await close();
  return measurements;
}

/** Throws where the losses of the first steps differ from ours. Returns the seconds of a step. */
async function agree(
  what: string,
  one: Pick<Contestant, 'curve'> & { who: string },
  id: string,
  reference: readonly number[],
): Promise<number> {
  const begun = performance.now();
  const losses = await one.curve(id, STEPS, 6);
  // What cannot be run has none, and says so by its name.
  if (losses.length === 0) return HOPELESS + 1;
  const seconds = (performance.now() - begun) / 1000 / Math.max(1, losses.length);
  const first = reference[0] ?? Number.NaN;
  const apart = Math.max(...losses.map((loss, i) => Math.abs(loss - (reference[i] as number)))) / first;
  if (!(apart <= AGREEMENT)) {
    const list = (values: readonly number[]): string => values.map((loss) => loss.toFixed(4)).join(' ');
    throw new Error(`${what}: the losses of ${one.who} are not ours: ${list(losses)} instead of ${list(reference)}`);
  }
  const course = `from ${first.toFixed(3)} to ${losses.at(-1)?.toFixed(3)}, apart by at most ${(apart * 100).toFixed(2)} %`;
  console.log(`  ${what}: ${one.who} learns what we learn in ${losses.length} steps (loss ${course})`);
  return seconds;
}
