/** The one model that came of several: beside those that went in, and what can be done with it next. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { lineOf } from '#ui/combine/lines.ts';
import { Notes } from '#ui/combine/Notes.tsx';
import { Away, Closer } from '#ui/combine/Onward.tsx';
import { SideBySide } from '#ui/combine/SideBySide.tsx';
import { Actions, Section, Text } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';

type MadeOrigin = Extract<ModelNode['origin'], { kind: 'made' }>;

export function SoupResult({ node, origin }: { node: ModelNode; origin: MadeOrigin }) {
  const t = useText();
  const nodes = useStore(project, (state) => state.nodes);
  const before = origin.parents.flatMap((id) => nodes[id] ?? []);
  return (
    <>
      <Text>{t('combine.soup')}</Text>
      <Section heading={t('combine.sideBySide')}>
        <SideBySide
          caption={t('combine.sideBySide')}
          lines={[...before.map((one) => lineOf(one, 'before')), lineOf(node, 'soup')]}
        />
      </Section>
      <Notes notes={node.notes} />
      <Actions>
        <Button size="xs" onClick={() => setTab('optimize')}>
          {t('train.optimizeNext')}
        </Button>
        <Closer />
        <Away />
      </Actions>
    </>
  );
}
