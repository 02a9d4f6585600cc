/** Networks of the rows that no template is. All take MNIST's images. */
import type { Architecture, Row } from '#core/architecture';

const conv = (filters: number, kernel: number): Row => ({
  kind: 'conv2d',
  filters,
  kernel,
  stride: 1,
  padding: 'valid',
  activation: 'relu',
  bias: true,
});
const pool: Row = { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' };
const flatten: Row = { kind: 'flatten' };
const hidden = (units: number): Row => ({ kind: 'dense', units, activation: 'relu', bias: true });
const answers: Row = { kind: 'dense', units: 10, activation: 'linear', bias: true };
/** As LeNet-5's: no activation of their own. */
const linear = (filters: number): Row => ({ ...conv(filters, 5), activation: 'linear' }) as Row;

const network = (name: string, rows: readonly Row[]): Architecture => ({ name, input: [28, 28, 1], classes: 10, rows });

/** Followed by batch normalisation, which small networks learn better with; folded afterwards. */
const normal = (filters: number): readonly Row[] => [
  { ...conv(filters, 3), activation: 'linear', bias: false } as Row,
  { kind: 'batchNorm' },
  { kind: 'activation', activation: 'relu' },
];

const tiny = (first: number, second: number, third: number): Architecture =>
  network('Tiny CNN', [...normal(first), pool, ...normal(second), pool, ...normal(third), flatten, answers]);
/** 4,150 parameters once its batch normalisation is folded. */
export const TINY = tiny(8, 12, 16);
/** 4,720 parameters likewise: what 2,500 bytes hold at 4 bits. */
export const FOUR_BITS = tiny(9, 14, 16);
/** 6,501 parameters likewise. */
export const SIX_THOUSAND = tiny(10, 16, 21);

/** 29,008 parameters: as many as FitNets' student on MNIST. */
export const THIN = network('Thin CNN', [
  conv(16, 3),
  pool,
  conv(32, 3),
  pool,
  conv(32, 3),
  flatten,
  hidden(50),
  answers,
]);

/** Hinton's student: two layers of 800. */
export const TWO_OF_800 = network('MLP 800-800', [flatten, hidden(800), hidden(800), answers]);

/** LeNet-5 with other widths. */
export function narrowLenet(first: number, second: number, units: number): Architecture {
  return network(`LeNet ${first}-${second}-${units}`, [
    linear(first),
    pool,
    linear(second),
    pool,
    flatten,
    hidden(units),
    answers,
  ]);
}

/** LeNet-300-100 with other widths. */
export function narrowPerceptron(first: number, second: number): Architecture {
  return network(`MLP ${first}-${second}`, [flatten, hidden(first), hidden(second), answers]);
}
