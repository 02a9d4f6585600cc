/** Why nothing can be measured on images: the data set that fits is still to be chosen, or there is none here. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { DATASETS, fitsDataset } from '#core/datasets';
import type { ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';

interface NeedsDataProps {
  readonly node: ModelNode;
  /** What is said where a data set fits. */
  readonly text: string;
  /** What is said where none does. */
  readonly none?: 'optimize.noneFits' | 'recipe.noneFits';
  /** Buttons: what else can be done about it. */
  readonly children?: ReactNode;
}

export function NeedsData({ node, text, none = 'optimize.noneFits', children }: NeedsDataProps) {
  const t = useText();
  const { inputShape, classes } = node.summary;
  if (!DATASETS.some((facts) => fitsDataset(inputShape, classes, facts)))
    return (
      <Notice level="info" text={t(none, { shape: inputShape.join(' × '), classes })}>
        {children && <Actions>{children}</Actions>}
      </Notice>
    );
  return (
    <Notice level="info" text={text}>
      <Actions>
        <Button size="xs" variant="default" onClick={() => setTab('data')}>
          {t('optimize.goData')}
        </Button>
        {children}
      </Actions>
    </Notice>
  );
}
