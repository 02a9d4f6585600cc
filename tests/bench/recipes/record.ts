/** What was measured of each stage, one line each in results/recipes.csv, for ever. */
import { recordsIn } from '../long/records';
import { folder } from '../measurements';

export interface StageRecord {
  /** When it ended, as ISO time. */
  readonly run: string;
  readonly version: string;
  readonly machine: string;
  readonly row: string;
  readonly stage: string;
  readonly seed: number;
  /** Of data set, network, seed and all steps up to here. */
  readonly key: string;
  /** Of the .whittle file, and of the TensorFlow.js zip. */
  readonly bytes: number;
  readonly zipBytes: number;
  readonly parameters: number;
  readonly nonZero: number;
  readonly distinct: number;
  readonly macs: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly images: number;
  readonly errors: number;
  /** Numbers of the test images answered wrongly. */
  readonly wrong: readonly number[];
}

export const records = recordsIn<StageRecord>(`${folder}/recipes.csv`, {
  run: 'text',
  version: 'text',
  machine: 'text',
  row: 'text',
  stage: 'text',
  seed: 'number',
  key: 'text',
  bytes: 'number',
  zipBytes: 'number',
  parameters: 'number',
  nonZero: 'number',
  distinct: 'number',
  macs: 'number',
  epochs: 'number',
  seconds: 'number',
  images: 'number',
  errors: 'number',
  wrong: 'list',
});
