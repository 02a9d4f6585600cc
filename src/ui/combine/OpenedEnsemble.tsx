/** An ensemble that was opened from a file: its members are in it and not on the page, so only they themselves are shown. */
import { Button } from '@mantine/core';
import type { ModelNode } from '#stores/state';
import { lineOf } from '#ui/combine/lines.ts';
import { MemberBars } from '#ui/combine/MemberBars.tsx';
import { Closer } from '#ui/combine/Onward.tsx';
import { SideBySide } from '#ui/combine/SideBySide.tsx';
import { WayPicture } from '#ui/combine/WayPicture.tsx';
import { shapeOf } from '#ui/combine/way-shapes.ts';
import { Actions, Section } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';
import { distil } from '#ui/predictor/distil.ts';
import type { EnsembleSummary } from '#worker/protocol-ensembles';

export function OpenedEnsemble({ node, ensemble }: { node: ModelNode; ensemble: EnsembleSummary }) {
  const t = useText();
  const { way, values, members } = ensemble;
  const threshold = values['threshold'];
  return (
    <>
      <WayPicture shape={shapeOf(way)} members={members} threshold={typeof threshold === 'number' ? threshold : null} />
      <SideBySide caption={t('combine.sideBySide')} lines={[lineOf(node, 'ensemble')]} />
      <Section heading={t('combine.carries')}>
        <MemberBars members={members} />
      </Section>
      <Actions>
        <Button size="xs" onClick={() => distil(node)}>
          {t('combine.distil')}
        </Button>
        <Closer />
      </Actions>
    </>
  );
}
