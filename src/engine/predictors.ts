/** What the engine runs for a predictor. */
import type { Model } from '#core/model/model';
import type { Predictor } from '#core/predictor';

/** The model of a predictor. */
export function modelOf(predictor: Predictor): Model {
  return predictor.model;
}
