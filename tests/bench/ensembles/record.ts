/** What was measured of each row and seed, one line each in results/ensembles.csv, for ever. */
import { recordsIn } from '../long/records';
import { folder } from '../measurements';

export interface RowRecord {
  /** When it ended, as ISO time. */
  readonly run: string;
  readonly version: string;
  readonly machine: string;
  readonly row: string;
  readonly seed: number;
  /** Of data set, seed, row and all rows that it needs. */
  readonly key: string;
  /** Of the file for TensorFlow.js. */
  readonly bytes: number;
  /** 1 where that holds one graph, 0 where it is a zip of members. */
  readonly graph: number;
  readonly parameters: number;
  /** The mean for an image. */
  readonly macs: number;
  /** To make it; what it needs is not in it. */
  readonly seconds: number;
  /** Share of the validation images that are answered correctly; of ways that learn there, by a fit without them. */
  readonly validation: number;
  readonly images: number;
  readonly errors: number;
  /** Numbers of the test images that the file, read back, answers wrongly. */
  readonly wrong: readonly number[];
  /** Of its members that with the best validation accuracy, from 1; 0 for what has none. */
  readonly best: number;
  readonly bestErrors: number;
  readonly bestWrong: readonly number[];
}

export const recordsAt = (path = `${folder}/ensembles.csv`) =>
  recordsIn<RowRecord>(path, {
    run: 'text',
    version: 'text',
    machine: 'text',
    row: 'text',
    seed: 'number',
    key: 'text',
    bytes: 'number',
    graph: 'number',
    parameters: 'number',
    macs: 'number',
    seconds: 'number',
    validation: 'number',
    images: 'number',
    errors: 'number',
    wrong: 'list',
    best: 'number',
    bestErrors: 'number',
    bestWrong: 'list',
  });
