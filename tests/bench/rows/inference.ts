/** Answering MNIST's 10,000 test images with a LeNet-5 that has learned a little; all contestants must answer alike. */
import type { Contestant } from '../harness/network';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import { checkedSpeed, gather } from '../peers/gather';
import { contest, contestTable, type Entrant, RATIO, restless, speed } from '../rounds';
import type { Row } from '../row';

const ID = 'lenet-5';
const WHAT = 'LeNet-5';
const IMAGES = 10_000;
/** Images on which everybody is checked. */
const FEW = 128;
/** Seconds of a stretch of those that would need minutes for all images. */
const STRETCH = 3;

export const inference: Row = {
  name: 'inference',
  title: "Inference, images a second (LeNet-5, MNIST's test images)",
  compared: RATIO,
  run,
  fault: restless,
  table: (lines) => contestTable(lines, speed),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const { wasm, cpu, pytorch, stocks, close } = await gather(lab, [ID], 100);
  const all = await wasm.infer(ID, IMAGES);
  const few = await wasm.infer(ID, FEW);
  console.log(`  ${wasm.who} answers ${all.correct} of ${IMAGES} and ${few.correct} of ${FEW}`);
  const check = async (one: Contestant & { who: string }, images: number, expected: number): Promise<number> => {
    const begun = performance.now();
    await checkedSpeed(one, ID, images, expected);
    return (performance.now() - begun) / 1000;
  };
  const entrants: Entrant[] = [{ who: wasm.who, stretch: async () => (await wasm.infer(ID, IMAGES)).speed }];
  if (pytorch) {
    await check(pytorch, IMAGES, all.correct);
    entrants.push({ who: pytorch.who, stretch: async () => (await pytorch.infer(ID, IMAGES)).speed });
  }
  for (const one of [cpu, ...stocks]) {
    const seconds = await check(one, FEW, few.correct);
    const images = FEW * Math.max(1, Math.min(20, Math.floor(STRETCH / seconds)));
    const rounds = seconds > STRETCH ? 3 : undefined;
    entrants.push({ who: one.who, rounds, stretch: async () => (await one.infer(ID, images)).speed });
  }
  const measurements = await contest(WHAT, entrants, 'images/s');
  await close();
  return measurements;
}
