/** The two ways to a first model, where there is none yet: training one, or opening a file. */
import { Button } from '@mantine/core';
import { setTab } from '#stores/view';
import { Actions } from '#ui/kit/Layout.tsx';
import { askForFiles } from '#ui/kit/open-dialog.ts';
import { useText } from '#ui/kit/words.ts';

export function Begin() {
  const t = useText();
  return (
    <Actions>
      <Button onClick={() => setTab('train')}>{t('optimize.goTrain')}</Button>
      <Button variant="default" onClick={askForFiles}>
        {t('frame.openModel')}
      </Button>
    </Actions>
  );
}
