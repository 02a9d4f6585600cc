/** Samples of a data set on one canvas, each over the name of its class. */

import styles from '#ui/data/data.module.css';
import { sheet } from '#ui/kit/canvas.ts';
import { useDrawing } from '#ui/kit/use-drawing.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import type { DatasetSummary } from '#worker/protocol';

const most = 30;

export function SampleGrid({ summary }: { summary: DatasetSummary }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const samples = dealt(summary.samples).slice(0, most);
  const name = (label: number) => {
    const known = summary.classes[label];
    return known ? words(known) : String(label);
  };
  const isLong = summary.classes.some((known) => words(known).length > 2);
  const canvas = useDrawing(looksOf, (at, width, looks) => draw(at, width, looks, summary, samples, name, isLong));
  const labels = samples.map(({ label }) => name(label)).join(t('unit.and'));
  return (
    <canvas
      ref={canvas}
      className={styles.samples}
      role="img"
      aria-label={t('data.samplesLabel', {
        count: samples.length,
        labels: `${labels} (${format.count(samples.length)})`,
      })}
    />
  );
}

/** One of each class in turn, in the order of their labels. */
export function dealt<S extends { readonly label: number }>(samples: readonly S[]): readonly S[] {
  const seen = new Map<number, number>();
  return samples
    .map((sample) => {
      const round = seen.get(sample.label) ?? 0;
      seen.set(sample.label, round + 1);
      return { sample, round };
    })
    .sort((a, b) => a.round - b.round || a.sample.label - b.sample.label)
    .map(({ sample }) => sample);
}

type Sample = DatasetSummary['samples'][number];
type Looks = ReturnType<typeof looksOf>;

function looksOf(canvas: HTMLCanvasElement) {
  const style = getComputedStyle(canvas);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { rem, font: style.fontFamily, text: style.getPropertyValue('--w-dim') };
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  { rem, font, text: ink }: Looks,
  summary: DatasetSummary,
  samples: readonly Sample[],
  name: (label: number) => string,
  isLong: boolean,
): void {
  const [height_ = 1, width_ = 1] = summary.shape;
  const gap = rem * 0.5;
  const columns = Math.max(4, Math.floor((width + gap) / ((isLong ? 4.6 : 2.6) * rem + gap)));
  const side = (width - gap * (columns - 1)) / columns;
  const text = rem * 1.15;
  const rows = Math.ceil(Math.floor(samples.length / columns) || 1);
  const height = rows * (side + text + gap) - gap;
  const context = sheet(canvas, width, height);
  if (!context) return;
  context.imageSmoothingEnabled = false;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `${rem * 0.6875}px ${font}`;
  const tile = document.createElement('canvas');
  tile.width = width_;
  tile.height = height_;
  const tileContext = tile.getContext('2d');
  if (!tileContext) return;
  samples.slice(0, rows * columns).forEach((sample, index) => {
    const x = (index % columns) * (side + gap);
    const y = Math.floor(index / columns) * (side + text + gap);
    tileContext.putImageData(imageOf(sample.pixels, width_, height_), 0, 0);
    context.drawImage(tile, x, y, side, side);
    context.fillStyle = ink;
    context.fillText(name(sample.label), x + side / 2, y + side + text / 2 + 1, side + gap);
  });
}

/** White ink on black, as the network sees it: 0 is black and 255 white. */
function imageOf(pixels: Uint8Array, width: number, height: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const grey = pixels[i] ?? 0;
    image.data.set([grey, grey, grey, 255], i * 4);
  }
  return image;
}
