/** How much faster LeNet-5 answers once channels and neurons are really gone, runtime by runtime; within one, all must be equally sure. */
import type { Contestant } from '../harness/network';
import type { Lab } from '../lab';
import type { Line, Measurement } from '../measurements';
import { checkedSpeed, gather } from '../peers/gather';
import { byRound, contest, restless, speed } from '../rounds';
import type { Row, TableLine } from '../row';
import { median, ratioByRound } from '../statistics';

/** Widths that the recipes of structured pruning end with; their speed does not depend on the values of the weights. */
const NETWORKS = {
  'lenet-5': 'LeNet-5',
  'lenet-10-24-90': '10 and 24 channels, 90 neurons',
  'lenet-6-16-65': '6 and 16 channels, 65 neurons',
} as const;
const DENSE = NETWORKS['lenet-5'];
/** In every runtime's part of the table; the control comes last. */
const ORDER: readonly string[] = Object.values(NETWORKS);
const IMAGES = 10_000;
/** Images on which runtimes are checked, and which slow ones answer. */
const FEW = 128;
/** Seconds of a stretch. */
const STRETCH = 1;

export const narrow: Row = {
  name: 'narrow',
  title: "Structured pruning, images a second (LeNet-5 with fewer channels and neurons, MNIST's test images)",
  compared: '… times as fast as LeNet-5 (95 % interval)',
  run,
  fault: restless,
  table,
};

async function run(lab: Lab): Promise<Measurement[]> {
  const ids = Object.keys(NETWORKS);
  const { wasm, cpu, pytorch, stocks, close } = await gather(lab, ids, 100);
  const measurements: Measurement[] = [];
  const expected = new Map<string, number>();
  for (const id of ids) expected.set(id, (await wasm.infer(id, FEW)).correct);
  for (const runtime of [wasm, ...(pytorch ? [pytorch] : []), cpu, ...stocks]) {
    const entrants = [];
    for (const [id, who] of Object.entries(NETWORKS)) {
      const images = await imagesFor(runtime, id, expected.get(id) as number);
      entrants.push({ who, stretch: async () => (await runtime.infer(id, images)).speed });
    }
    measurements.push(...(await contest(runtime.who, entrants, 'images/s')));
  }
  await close();
  return measurements;
}

/** As many images as fill a stretch. Throws where a runtime does not answer as the first one does. */
async function imagesFor(runtime: Contestant & { who: string }, id: string, expected: number): Promise<number> {
  const rate = await checkedSpeed(runtime, id, FEW, expected);
  return Math.min(IMAGES, FEW * Math.max(1, Math.round((rate * STRETCH) / FEW)));
}

/** A runtime after another: its networks from the widest, and how many times as fast as LeNet-5 each is. */
function table(lines: readonly Line[]): TableLine[] {
  return [...new Set(lines.map(({ what }) => what))].flatMap((what) => {
    const dense = byRound(lines, what, DENSE);
    const again = lines.find((line) => line.what === what && !ORDER.includes(line.who))?.who;
    return [...ORDER, ...(again ? [again] : [])].map((who) => {
      const own = byRound(lines, what, who);
      const { value, low, high, rounds } = ratioByRound(own, dense);
      const against =
        who === DENSE ? '' : `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}; ${rounds} rounds)`;
      return { what, who, figure: speed(median([...own.values()])), against };
    });
  });
}
