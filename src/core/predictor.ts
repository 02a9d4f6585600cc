/**
 * What can be evaluated, compared, used as a teacher and drawn on the chart. Today a model; ensembles and trees join
 * this union, and everything that takes a predictor takes them too.
 */
import type { Model } from '#core/model/model';

export interface ModelPredictor {
  readonly kind: 'model';
  readonly model: Model;
}
export type Predictor = ModelPredictor;

/** The three parts of a data set. People and searches choose on validation; test is measured once for each model. */
export type Split = 'train' | 'validation' | 'test';
/** What anything that chooses may look at. */
export type ChoosingSplit = Exclude<Split, 'test'>;
