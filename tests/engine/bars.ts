/** A data set small enough for every backend: 8x8 images of a bright bar (upright, level, slanting) in seeded noise. */
import { seededRandom } from '#core/numeric/random';
import type { Dataset, Images } from '#engine/datasets/dataset';

const SIDE = 8;

/** `sizes` are numbers of images; classes take turns. */
export function makeBars(
  sizes: { readonly train: number; readonly validation: number; readonly test: number },
  seed = 1,
): Dataset {
  const random = seededRandom(seed);
  const split = (count: number): Images => {
    const pixels = new Uint8Array(count * SIDE * SIDE);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const label = i % 3;
      labels[i] = label;
      const at = 1 + Math.floor(random() * (SIDE - 2));
      for (let p = 0; p < SIDE * SIDE; p++) pixels[i * SIDE * SIDE + p] = Math.floor(random() * 120);
      for (let t = 0; t < SIDE; t++) {
        const [row, column] = label === 0 ? [t, at] : label === 1 ? [at, t] : [t, (t + at) % SIDE];
        pixels[i * SIDE * SIDE + row * SIDE + column] = 160 + Math.floor(random() * 90);
      }
    }
    return { count, pixels, labels };
  };
  return {
    id: 'bars',
    shape: [SIDE, SIDE, 1],
    classes: ['upright', 'level', 'slanting'].map((name) => ({ en: name, zh: name })),
    scale: 1 / 255,
    splits: { train: split(sizes.train), validation: split(sizes.validation), test: split(sizes.test) },
  };
}
