/** An ensemble or trees where one network is wanted: says why not, and what can be done with it, with a button that does it. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { setCombineView, setMembers } from '#stores/combine';
import { project, select } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { Actions, Help, Text } from '#ui/kit/Layout.tsx';
import { Mark } from '#ui/kit/Mark.tsx';
import { useText } from '#ui/kit/words.ts';
import { distil } from '#ui/predictor/distil.ts';
import styles from '#ui/predictor/predictor.module.css';

const small = { size: 'xs', variant: 'default' } as const;

export function Instead({ node, wanted }: { node: ModelNode; wanted: 'optimize' | 'train' }) {
  const t = useText();
  const { nodes, order } = useStore(project);
  const { name, summary } = node;
  const isTrees = summary.kind === 'trees';
  const inside = summary.ensemble?.members.map(({ id }) => id) ?? [];
  const members = order.flatMap((id) => {
    const member = nodes[id];
    return member && member.summary.kind === 'model' && inside.includes(member.model) ? [member] : [];
  });
  return (
    <section className={styles.instead}>
      <h3 className={styles.head}>
        <Mark kind={isTrees ? 'trees' : 'combined'} />
        {isTrees ? t('combine.instead.trees', { name }) : t('combine.instead.ensemble', { name, count: inside.length })}
      </h3>
      <Text>{t(`combine.instead.${wanted}${isTrees ? 'Trees' : ''}`)}</Text>
      <Actions>
        <Button size="xs" onClick={() => distil(node)}>
          {t('combine.distil')}
        </Button>
        {wanted === 'train' && !isTrees && (
          <Button {...small} onClick={() => show('make')}>
            {t('combine.instead.makeMembers')}
          </Button>
        )}
        {isTrees && (
          <Button
            {...small}
            onClick={() => {
              setMembers([node.id]);
              show('combine');
            }}
          >
            {t('combine.instead.combine')}
          </Button>
        )}
        <Button {...small} onClick={() => show('result')}>
          {t('combine.instead.look')}
        </Button>
      </Actions>
      {wanted === 'optimize' && members.length > 0 && (
        <>
          <Help>{t('combine.instead.shrink')}</Help>
          <ul className={styles.members}>
            {members.map((member) => (
              <li key={member.id}>
                <Button size="compact-xs" variant="light" onClick={() => select(member.id)}>
                  {member.name}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function show(view: Parameters<typeof setCombineView>[0]): void {
  setCombineView(view);
  setTab('combine');
}
