/**
 * Which channels of a kernel were kept, found in the kernels themselves: whoever cuts channels leaves the rest as it was and
 * in order, so each window of the new kernel is one of the old. Where training changed the weights as well nothing is found.
 */
import { type Kernel, placeIn } from '#core/inspection/kernel';

/** New channel k is the old channel `inputs[k]` or `outputs[k]`. */
export interface Kept {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Null where the new kernel is not the old one without some channels. Of equal shapes all are kept. */
export function keptChannels(before: Kernel, after: Kernel): Kept | null {
  if (before.height !== after.height || before.width !== after.width || before.depthwise !== after.depthwise)
    return null;
  if (after.inputs > before.inputs || after.outputs > before.outputs) return null;
  const [inputs, outputs] = [upTo(after.inputs), upTo(after.outputs)];
  const allIn = after.inputs === before.inputs;
  const allOut = after.outputs === before.outputs;
  if (allIn && allOut) return { inputs, outputs };
  const same = sameWindow(before, after);
  const keptOut = allOut
    ? outputs
    : inOrder(after.outputs, before.outputs, (own, old) =>
        allIn
          ? inputs.every((i) => same(old, i, own, i))
          : inOrder(after.inputs, before.inputs, (i, oldIn) => same(old, oldIn, own, i)) !== null,
      );
  if (!keptOut) return null;
  if (allIn) return { inputs, outputs: keptOut };
  const keptIn = inOrder(after.inputs, before.inputs, (own, old) =>
    outputs.every((o) => same(keptOut[o] as number, old, o, own)),
  );
  return keptIn && { inputs: keptIn, outputs: keptOut };
}

/** For each of `few`, in order, the first of `many` behind the one before that fits; null where one finds none. */
function inOrder(few: number, many: number, fits: (one: number, other: number) => boolean): number[] | null {
  const found: number[] = [];
  let at = 0;
  for (let one = 0; one < few; one++) {
    while (at <= many - (few - one) && !fits(one, at)) at++;
    if (at > many - (few - one)) return null;
    found.push(at++);
  }
  return found;
}

function sameWindow(before: Kernel, after: Kernel): (oldOut: number, oldIn: number, out: number, i: number) => boolean {
  const [old, own] = [before.tensor.data, after.tensor.data];
  return (oldOut, oldIn, out, i) => {
    for (let y = 0; y < before.height; y++) {
      for (let x = 0; x < before.width; x++) {
        if (old[placeIn(before, oldOut, oldIn, y, x)] !== own[placeIn(after, out, i, y, x)]) return false;
      }
    }
    return true;
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, k) => k);
