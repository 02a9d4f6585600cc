/** How rows of the layer editor read: kinds in menu order, a line of settings, shapes. */
import type { Row, RowKind } from '#core/architecture';

export const ROW_KINDS: readonly RowKind[] = [
  'conv2d',
  'depthwiseConv2d',
  'maxPool2d',
  'averagePool2d',
  'globalAveragePool2d',
  'batchNorm',
  'activation',
  'dropout',
  'residualAdd',
  'flatten',
  'dense',
];

/** 28 × 28 × 1 */
export function shapeText(shape: readonly number[]): string {
  return shape.join(' × ');
}

/** What stands beside a row's name: "8 × 5 × 5", "64". Empty where a kind has nothing to set. */
export function sizeText(row: Row): string {
  switch (row.kind) {
    case 'conv2d':
      return `${row.filters} · ${row.kernel} × ${row.kernel}${row.stride > 1 ? ` / ${row.stride}` : ''}`;
    case 'depthwiseConv2d':
      return `${row.kernel} × ${row.kernel}${row.stride > 1 ? ` / ${row.stride}` : ''}`;
    case 'dense':
      return `${row.units}`;
    case 'maxPool2d':
    case 'averagePool2d':
      return `${row.size} × ${row.size}${row.stride === row.size ? '' : ` / ${row.stride}`}`;
    case 'dropout':
      return `${Math.round(row.rate * 100)} %`;
    case 'residualAdd':
      return `+ ${row.from}`;
    case 'activation':
    case 'globalAveragePool2d':
    case 'batchNorm':
    case 'flatten':
      return '';
    default:
      throw row satisfies never;
  }
}
