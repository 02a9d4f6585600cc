/** What else can be done with what came of combining: look closer, take it away. */
import { Button } from '@mantine/core';
import { setTab } from '#stores/view';
import { useText } from '#ui/kit/words.ts';

export function Closer() {
  const t = useText();
  return (
    <Button size="xs" variant="default" onClick={() => setTab('evaluate')}>
      {t('combine.evaluate')}
    </Button>
  );
}

export function Away() {
  const t = useText();
  return (
    <Button size="xs" variant="default" onClick={() => setTab('export')}>
      {t('combine.export')}
    </Button>
  );
}
