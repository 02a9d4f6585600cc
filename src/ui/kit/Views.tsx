/** The parts of a tab, one at a time: a row of names, and below it what the chosen one shows. */
import { Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from '#ui/kit/views.module.css';

interface ViewsProps<V extends string> {
  /** What the row is, for screen readers. */
  readonly label: string;
  readonly value: V;
  readonly views: readonly { readonly id: V; readonly name: string; readonly content: () => ReactNode }[];
  readonly onChange: (view: V) => void;
}

export function Views<V extends string>({ label, value, views, onChange }: ViewsProps<V>) {
  return (
    <Tabs value={value} onChange={(id) => id && onChange(id as V)} keepMounted={false}>
      <Tabs.List className={styles.views} aria-label={label}>
        {views.map(({ id, name }) => (
          <Tabs.Tab key={id} value={id} className={styles.view}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {views.map(({ id, content }) => (
        <Tabs.Panel key={id} value={id} className={styles.shown}>
          {id === value && content()}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
