/** How much of a model's accuracy is chance: it and its runs with other seeds taken together. */
import { type Repeated, repeated } from '#core/metrics/seeds';
import type { ModelNode } from '#stores/state';

/** Mean and sample standard deviation on each split, the model itself among them. Null where it was made once. */
export function spreadOf({ runs = [], validation, test }: Pick<ModelNode, 'runs' | 'validation' | 'test'>): {
  readonly validation: Repeated;
  /** Null where the runs were not measured on test: they were chosen among. */
  readonly test: Repeated | null;
} | null {
  if (runs.length === 0 || !validation) return null;
  const tested = runs.flatMap((run) => (run.test ? [run.test.value] : []));
  return {
    validation: repeated([validation.value, ...runs.map((run) => run.validation.value)]),
    test: test && tested.length > 0 ? repeated([test.value, ...tested]) : null,
  };
}
