/**
 * A kernel as a small picture: the first filters as tiles of their windows, a row a filter and a column an input channel; or
 * dense weights as one block, a row an output and a column an input. A dense layer that looks at a whole image of one
 * channel is shown as what each output looks for. Values are rounded to 8 bits: they are colours, nothing more.
 */

import type { Kept } from '#core/inspection/kept';
import { type Kernel, placeIn } from '#core/inspection/kernel';

/** What a point of a picture is beside its colour. */
export const POINT = { weight: 0, zero: 1, gone: 2 } as const;

export interface Picture {
  readonly kind: 'tiles' | 'block';
  /** Tiles below and beside each other; 1 and 1 for a block. */
  readonly rows: number;
  readonly columns: number;
  /** Points of one tile, or of the block. */
  readonly height: number;
  readonly width: number;
  /** Outputs shown, and how many there are; the same of inputs. */
  readonly outputs: readonly [number, number];
  readonly inputs: readonly [number, number];
  /** [rows, columns, height, width]: -127 to 127, where 127 stands for `scale` and all beyond it. */
  readonly values: Int8Array;
  /** The same places: what each point is (`POINT`). */
  readonly points: Uint8Array;
}

const most = { rows: 6, columns: 8, single: 24, large: 9, blockRows: 20, blockColumns: 40 } as const;

interface Layout extends Pick<Picture, 'kind' | 'rows' | 'columns' | 'height' | 'width' | 'outputs' | 'inputs'> {
  /** The output, the input, and the place in the window of a point. */
  readonly at: (row: number, column: number, y: number, x: number) => readonly [number, number, number, number];
}

/** `image`: height and width of the one-channel image that a dense kernel reads. */
export function layoutOf(kernel: Kernel, image: readonly [number, number] | null): Layout {
  const { height, width, inputs, outputs } = kernel;
  if (image) {
    const [tall, wide] = image;
    const rows = Math.min(outputs, tall * wide > 100 ? most.large : most.single);
    const at = (row: number, _column: number, y: number, x: number) => [row, y * wide + x, 0, 0] as const;
    return {
      kind: 'tiles',
      rows,
      columns: 1,
      height: tall,
      width: wide,
      outputs: [rows, outputs],
      inputs: [inputs, inputs],
      at,
    };
  }
  if (height * width > 1) {
    const columns = Math.min(inputs, most.columns);
    const rows = Math.min(outputs, columns === 1 ? most.single : most.rows);
    const at = (row: number, column: number, y: number, x: number) => [row, column, y, x] as const;
    return { kind: 'tiles', rows, columns, height, width, outputs: [rows, outputs], inputs: [columns, inputs], at };
  }
  const [tall, wide] = [Math.min(outputs, most.blockRows), Math.min(inputs, most.blockColumns)];
  const at = (_row: number, _column: number, y: number, x: number) => [y, x, 0, 0] as const;
  return {
    kind: 'block',
    rows: 1,
    columns: 1,
    height: tall,
    width: wide,
    outputs: [tall, outputs],
    inputs: [wide, inputs],
    at,
  };
}

/** With `kept` the kernel is drawn where its channels were before, and the others are marked as gone. */
export function pictureOf(kernel: Kernel, layout: Layout, scale: number, kept: Kept | null = null): Picture {
  const { at, ...looks } = layout;
  const { rows, columns, height, width } = looks;
  const outputOf = kept && backwards(kept.outputs);
  const inputOf = kept && backwards(kept.inputs);
  const { data } = kernel.tensor;
  const size = rows * columns * height * width;
  const values = new Int8Array(size);
  const points = new Uint8Array(size);
  let k = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, k++) {
          const [output, input, wy, wx] = at(row, column, y, x);
          const o = outputOf ? outputOf.get(output) : output;
          const i = inputOf ? inputOf.get(input) : input;
          if (o === undefined || i === undefined) {
            points[k] = POINT.gone;
            continue;
          }
          const w = data[placeIn(kernel, o, i, wy, wx)] as number;
          if (w === 0) points[k] = POINT.zero;
          else values[k] = Math.max(-127, Math.min(127, Math.round((w / scale) * 127)));
        }
      }
    }
  }
  return { ...looks, values, points };
}

function backwards(kept: readonly number[]): ReadonlyMap<number, number> {
  return new Map(kept.map((old, own) => [old, own]));
}
