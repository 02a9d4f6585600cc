/**
 * The whole PassContext, and what the making of members needs besides: what the core only declares (training, accuracy,
 * other models), done by a backend on a data set.
 */

import type { MakingContext } from '#core/ensembles/making/making';
import { seededRandom } from '#core/numeric/random';
import type { TrainPoint } from '#core/objective';
import type { Predictor } from '#core/predictor';
import type { Backend } from '#engine/backend';
import { breathe } from '#engine/breathe';
import { capture } from '#engine/capture';
import type { Dataset } from '#engine/datasets/dataset';
import { EngineError } from '#engine/errors';
import { evaluate, logitsOf } from '#engine/evaluate';
import { type TrainOptions, type TrainProgress, train } from '#engine/train';
import type { TrainControl } from '#engine/train-control';

export interface ContextParts {
  readonly backend: Backend;
  /** Null where none is chosen: passes that need data then say so. */
  readonly dataset: Dataset | null;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** `done` from 0 to 1. */
  readonly progress: (done: number, point?: TrainPoint) => void;
  /** Finds a predictor parameter's model by node id; throws PassError when it is gone. */
  readonly resolve: (nodeId: string) => Promise<Predictor>;
  readonly onTrain?: ((progress: TrainProgress) => void) | undefined;
  readonly control?: TrainControl | undefined;
  readonly between?: (() => Promise<void>) | undefined;
  /** Where training goes on from, and where it could. */
  readonly checkpoints?: Pick<TrainOptions, 'from' | 'onCheckpoint' | 'checkpointEvery'> | undefined;
}

export function makeContext(parts: ContextParts): MakingContext {
  const { backend, signal, progress, between } = parts;
  const dataset = (): Dataset => {
    if (parts.dataset) return parts.dataset;
    throw new EngineError('data', {
      en: 'This method needs a data set: choose one on the Data tab.',
      zh: '此方法需要数据集：请在“数据”页选择一个。',
    });
  };
  return {
    random: seededRandom(parts.seed),
    signal,
    progress,
    predictor: parts.resolve,
    hasImages: parts.dataset !== null,
    pause: between ?? breathe,
    async train(objective, hooks, told = progress) {
      const outcome = await train(backend, objective, dataset(), {
        ...parts.checkpoints,
        signal,
        between,
        control: parts.control,
        hooks,
        onProgress: (one) => {
          told(one.point.step / one.totalSteps, one.point);
          parts.onTrain?.(one);
        },
      });
      return outcome.model;
    },
    capture: async (model, request, visit) =>
      capture(backend, model, dataset(), request, visit, { seed: parts.seed, signal, between }),
    classes: parts.dataset?.classes.length ?? 0,
    labels: (split) => dataset().splits[split].labels,
    answers: async (predictor, split) => logitsOf(backend, predictor, dataset(), split, { signal, between }),
    async accuracy(predictor, split, images) {
      return (await evaluate(backend, predictor, dataset(), split, { signal, between, images })).accuracy;
    },
  };
}
