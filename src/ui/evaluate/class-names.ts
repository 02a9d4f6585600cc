/** The classes of the data set that a model is examined on, by their names. */
import { useCallback } from 'react';
import { datasetFacts } from '#core/datasets';
import type { ModelNode } from '#stores/state';
import { useWords } from '#ui/kit/words.ts';

export interface ClassNames {
  readonly count: number;
  readonly name: (label: number) => string;
  /** Some name is longer than a digit. */
  readonly isLong: boolean;
}

export function useClassNames({ dataset, summary }: ModelNode): ClassNames {
  const words = useWords();
  const classes = dataset ? datasetFacts(dataset).classes : [];
  const name = useCallback(
    (label: number) => {
      const known = dataset ? datasetFacts(dataset).classes[label] : undefined;
      return known ? words(known) : String(label);
    },
    [dataset, words],
  );
  return { count: summary.classes, name, isLong: classes.some((known) => words(known).length > 2) };
}
