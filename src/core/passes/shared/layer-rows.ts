/**
 * A layer with a kernel as a product of rows with its weights: each row holds what one output position of one image reads,
 * zeros where that lies in the padding. Of all positions a few are drawn, the same for every model that is shown the same images.
 */
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import type { PassContext } from '#core/pass';
import { batchFor } from '#core/passes/shared/calibration';
import { type Connections, connectionsOf } from '#core/passes/shared/connections';
import { showImages } from '#core/passes/shared/importance';
import type { Selected } from '#core/passes/shared/selection';

export interface LayerRows {
  readonly connections: Connections;
  readonly rows: number;
  /** [rows, places * channels], channels running fastest. */
  readonly x: Float32Array;
}

/** Rows of these layers' inputs on training images: at most so many of each, drawn by the seed of each. */
export async function layerRows(
  model: Model,
  selected: readonly Selected[],
  images: number,
  rows: number,
  seeds: readonly number[],
  context: PassContext,
): Promise<readonly LayerRows[]> {
  const connections = connectionsOf(model, selected);
  const perImage = connections.map((one) => {
    const positions = one.outputSize / one.outputs;
    return Math.min(positions, Math.max(1, Math.ceil(rows / images)));
  });
  const width = connections.map((one) => one.places * one.channels);
  const x = connections.map((_, i) => new Float32Array(rows * (width[i] as number)));
  const filled = connections.map(() => 0);
  const random = seeds.map(seededRandom);
  const taps = selected.map(({ layer }) => ({ layer: layer.name, at: 'input' as const }));
  const batch = batchFor(connections.reduce((sum, one) => sum + one.inputSize, 0));
  await showImages(model, { taps, images, batch }, context, ({ values, images: count }) => {
    for (let image = 0; image < count; image++) {
      for (const [i, one] of connections.entries()) {
        const room = rows - (filled[i] as number);
        const places = draw(
          one.outputSize / one.outputs,
          Math.min(perImage[i] as number, room),
          random[i] as () => number,
        );
        copyRows(one, values[i] as Float32Array, image, places, x[i] as Float32Array, filled[i] as number);
        filled[i] = (filled[i] as number) + places.size;
      }
    }
  });
  return connections.map((one, i) => ({
    connections: one,
    rows: filled[i] as number,
    x: (x[i] as Float32Array).subarray(0, (filled[i] as number) * (width[i] as number)),
  }));
}

/** `count` of the positions, each with its place in the order drawn. */
function draw(positions: number, count: number, random: () => number): ReadonlyMap<number, number> {
  const drawn = new Map<number, number>();
  while (drawn.size < count) {
    const position = Math.floor(random() * positions);
    if (!drawn.has(position)) drawn.set(position, drawn.size);
  }
  return drawn;
}

function copyRows(
  { channels, inner, outputs, places, inputSize, each }: Connections,
  values: Float32Array,
  image: number,
  positions: ReadonlyMap<number, number>,
  to: Float32Array,
  begin: number,
): void {
  if (positions.size === 0) return;
  const width = places * channels;
  each(image * inputSize, 0, (from, weight, at) => {
    const row = positions.get(at / outputs);
    if (row === undefined) return;
    const target = (begin + row) * width + (weight / (inner * outputs)) * channels;
    to.set(values.subarray(from, from + channels), target);
  });
}
