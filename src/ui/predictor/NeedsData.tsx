/** Why nothing can be measured on images: the data set that fits is still to be chosen, or there is none here. */
import { Button } from '@mantine/core';
import { DATASETS, fitsDataset } from '#core/datasets';
import type { ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { Notice } from '#ui/kit/Feedback.tsx';
import { useText } from '#ui/kit/words.ts';

interface NeedsDataProps {
  readonly node: ModelNode;
  /** What is said where a data set fits. */
  readonly text: string;
}

export function NeedsData({ node, text }: NeedsDataProps) {
  const t = useText();
  const { inputShape, classes } = node.summary;
  if (!DATASETS.some((facts) => fitsDataset(inputShape, classes, facts)))
    return <Notice level="info" text={t('optimize.noneFits', { shape: inputShape.join(' × '), classes })} />;
  return (
    <Notice level="info" text={text}>
      <Button size="xs" variant="default" mt="xs" onClick={() => setTab('data')}>
        {t('optimize.goData')}
      </Button>
    </Notice>
  );
}
