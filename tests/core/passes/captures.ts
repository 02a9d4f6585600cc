/** A context whose captures are written out by hand, and one whose accuracy is a function of the model. */
import type { Model } from '#core/model/model';
import type { CaptureRequest, PassContext } from '#core/pass';
import { plainContext } from './helpers';

/** What one batch gives: values and gradients by "layer place", gradients of tensors by "layer/role". */
interface WrittenBatch {
  readonly images: number;
  readonly values?: Readonly<Record<string, readonly number[]>>;
  readonly gradients?: Readonly<Record<string, readonly number[]>>;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
}

/** Shows these batches, whatever is asked for, and keeps the requests. */
export function captureContext(
  batches: readonly WrittenBatch[],
  changes: Partial<PassContext> = {},
): { readonly context: PassContext; readonly requests: CaptureRequest[] } {
  const requests: CaptureRequest[] = [];
  const capture: PassContext['capture'] = async (_model, request, visit) => {
    requests.push(request);
    const tapped = (written: WrittenBatch['values']) =>
      request.taps.map(({ layer, at }) => {
        const values = written?.[`${layer} ${at}`];
        if (!values) throw new Error(`nothing is written for ${layer} ${at}`);
        return Float32Array.from(values);
      });
    for (const { images, values, gradients, weights } of batches) {
      await visit({
        images,
        labels: new Float32Array(images),
        values: tapped(values),
        gradients: request.gradients ? tapped(gradients) : [],
        weights: new Map(Object.entries(weights ?? {}).map(([key, g]) => [key, Float32Array.from(g)])),
      });
    }
  };
  return { context: plainContext(1, { capture, ...changes }), requests };
}

/** A context that measures a model's accuracy so. */
export function judging(accuracy: (model: Model) => number): PassContext {
  return plainContext(1, {
    accuracy: async (predictor) => (predictor.kind === 'model' ? accuracy(predictor.model) : 0),
  });
}
