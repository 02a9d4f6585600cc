/**
 * A kernel seen as the matrix that multiplies the inputs: a row for each input of an output, a column for each output.
 * It is the kernel's own memory order, so nothing is copied. Dense [in, out]: rows are the inputs. Convolution [kh, kw,
 * in, out]: rows run over kernel row, kernel column and input channel, the last fastest. Depthwise [kh, kw, channels,
 * multiplier]: an output reads one channel, so rows are the kernel's places and columns channel x multiplier.
 */
import type { Selected } from '#core/passes/shared/selection';

export interface Matrix {
  readonly rows: number;
  /** Element (row, column) is at row * columns + column. */
  readonly columns: number;
}

export function matrixOf({ layer, tensor }: Selected): Matrix {
  const { shape, data } = tensor;
  const last = shape.at(-1) as number;
  const columns = layer.kind === 'depthwiseConv2d' ? (shape.at(-2) as number) * last : last;
  return { rows: data.length / columns, columns };
}
