/** Chooses the data set and shows what is in it: its three parts, samples, and how many images each class has. */
import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { DATASETS, datasetFacts } from '#core/datasets';
import { datasets, loadDataset, selectDataset } from '#stores/datasets';
import { setTab } from '#stores/view';
import { ClassCounts } from '#ui/data/ClassCounts.tsx';
import styles from '#ui/data/data.module.css';
import { SampleGrid } from '#ui/data/SampleGrid.tsx';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { ArrowIcon } from '#ui/kit/icons.tsx';
import { Actions, Help, Panel, Section, Text } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import type { DatasetId } from '#worker/protocol';

const PARTS = ['train', 'validation', 'test'] as const;

export function DataTab() {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const selected = useStore(datasets, (state) => state.selected);
  const loaded = useStore(datasets, (state) => state.loaded[selected]);
  const loading = useStore(datasets, (state) => state.loading[selected]);
  const fault = useStore(datasets, (state) => state.faults[selected]);
  const facts = datasetFacts(selected);
  const [height, width] = facts.shape;
  const name = words(facts.words.title);
  useEffect(() => {
    void loadDataset(selected);
  }, [selected]);
  return (
    <Panel title={t('data.title')} intro={t('data.intro')}>
      <Section>
        <SelectField
          label={t('data.dataset')}
          value={selected}
          choices={DATASETS.map(({ id, words: { title } }) => ({ value: id, label: words(title) }))}
          onChange={(id) => void selectDataset(id as DatasetId)}
        />
        <Text>{words(facts.words.help)}</Text>
        {loading !== undefined && <ProgressLine label={t('data.loading', { name })} done={loading} />}
        {fault && (
          <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)}>
            <Button size="xs" variant="default" mt="xs" onClick={() => void loadDataset(selected)}>
              {t('data.again')}
            </Button>
          </Notice>
        )}
      </Section>
      <Stats>
        <Stat label={t('data.image')} value={`${height} × ${width}`} note={t('data.grey')} />
        <Stat label={t('data.classes')} value={format.count(facts.classes.length)} raw={facts.classes.length} />
        <Stat label={t('data.size')} value={format.bytes(facts.bytes)} note={t('data.sizeNote')} />
      </Stats>
      <Section heading={t('data.parts')}>
        <div className={styles.parts}>
          {PARTS.map((part) => (
            <div key={part} className={styles.part} style={{ '--share': facts.sizes[part] } as React.CSSProperties}>
              <div className={styles.partHead}>
                <span className={styles.partName}>{t(`data.part.${part}`)}</span>
                <span data-value={(loaded?.sizes ?? facts.sizes)[part]}>
                  {format.count((loaded?.sizes ?? facts.sizes)[part])} {t('unit.images')}
                </span>
              </div>
              <Help>{t(`data.partHelp.${part}`)}</Help>
            </div>
          ))}
        </div>
      </Section>
      {loaded && (
        <>
          <Section heading={t('data.samples')}>
            <SampleGrid summary={loaded} />
          </Section>
          <Section heading={t('data.counts')}>
            <ClassCounts summary={loaded} />
          </Section>
        </>
      )}
      <Help>{facts.licence}</Help>
      <Actions>
        <Button variant="light" rightSection={<ArrowIcon size={16} />} onClick={() => setTab('build')}>
          {t('data.next')}
        </Button>
      </Actions>
    </Panel>
  );
}
