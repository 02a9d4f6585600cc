/** A training run that ended before its time: go on with it, or let it go. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { project } from '#stores/project';
import { continueRun, discardRun, training } from '#stores/training';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';

export function Interrupted() {
  const t = useText();
  const format = useFormat();
  const interrupted = useStore(training, (state) => state.interrupted);
  const name = useStore(project, ({ nodes }) => (interrupted ? nodes[interrupted.node]?.name : undefined));
  if (!interrupted) return null;
  const { epoch, settings } = interrupted.run;
  const text = t('train.interrupted', {
    name: name ?? '',
    epoch: format.number(epoch, 1),
    epochs: format.count(settings.epochs),
  });
  return (
    <Notice level="info" text={text}>
      <Actions>
        <Button size="compact-sm" onClick={() => void continueRun()}>
          {t('train.continueRun')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => void discardRun()}>
          {t('train.discardRun')}
        </Button>
      </Actions>
    </Notice>
  );
}
