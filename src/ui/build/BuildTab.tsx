/** The Build tab: a template, its layers one by one with shapes and sizes that follow every edit, and the model made of them. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { RowKind } from '#core/architecture';
import { DATASETS } from '#core/datasets';
import { checkArchitecture } from '#core/model/create';
import { TEMPLATES } from '#core/templates';
import { addRow, build, createModel, setBuildSeed, setTemplate } from '#stores/build';
import { datasets } from '#stores/datasets';
import { faultOf } from '#stores/engine';
import { train } from '#stores/training';
import { announce, notify, setTab } from '#stores/view';
import styles from '#ui/build/build.module.css';
import { RowCard } from '#ui/build/RowCard.tsx';
import { ROW_KINDS, shapeText } from '#ui/build/rows.ts';
import { Notice } from '#ui/kit/Feedback.tsx';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { Actions, Fields, Help, Panel, Section, Text } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';

export function BuildTab() {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { template, architecture, seed } = useStore(build);
  const dataset = useStore(datasets, (state) => state.selected);
  const check = useMemo(() => checkArchitecture(architecture), [architecture]);
  const [open, setOpen] = useState<number | null>(null);
  const [kind, setKind] = useState<RowKind>('conv2d');
  const [busy, setBusy] = useState(false);
  const faulty = check.fault ?? check.rows.find((row) => row.fault)?.fault ?? null;
  const facts = DATASETS.find((one) => one.id === dataset);
  const about = TEMPLATES.find((one) => one.id === template);

  const make = async (andTrain: boolean) => {
    setBusy(true);
    try {
      const node = await createModel();
      setTab('train');
      announce({ en: `${node.name} is ready to train.`, zh: `${node.name} 已就绪，可以训练。` });
      if (andTrain) void train();
    } catch (error) {
      const fault = faultOf(error);
      notify({ level: 'error', words: fault.words, hint: fault.hint });
    } finally {
      setBusy(false);
    }
  };

  return (
    <Panel title={t('build.title')} intro={t('build.intro')}>
      <Fields>
        <SelectField
          label={t('build.template')}
          value={template}
          onChange={(id) => {
            setOpen(null);
            setTemplate(id);
          }}
          choices={TEMPLATES.map((one) => ({ value: one.id, label: words(one.words.title) }))}
        />
        <NumberField
          label={t('build.seed')}
          help={t('build.seedHelp')}
          value={seed}
          min={0}
          max={2147483647}
          onChange={setBuildSeed}
        />
      </Fields>
      {about && <Text>{words(about.words.help)}</Text>}
      {facts && (
        <Help>
          {t('build.fits', {
            dataset: words(facts.words.title),
            shape: shapeText(architecture.input),
            classes: format.count(architecture.classes),
          })}
        </Help>
      )}
      <Section heading={t('build.layers')}>
        <ol className={styles.rows}>
          <li className={styles.edge}>
            <span>{t('build.input')}</span>
            <span>{shapeText(architecture.input)}</span>
          </li>
          {architecture.rows.map((row, index) => (
            // Rows have no identity of their own: their place is what names them everywhere.
            <RowCard
              key={index}
              row={row}
              index={index}
              rows={architecture.rows}
              check={check.rows[index]}
              isOpen={open === index}
              onToggle={() => setOpen(open === index ? null : index)}
              onMoved={setOpen}
            />
          ))}
          <li className={styles.edge}>
            <span>{t('build.output')}</span>
            <span>{t('build.outputHelp')}</span>
          </li>
        </ol>
        <div className={styles.adder}>
          <SelectField
            label={t('build.addKind')}
            value={kind}
            onChange={(value) => setKind(value as RowKind)}
            choices={ROW_KINDS.map((one) => ({ value: one, label: t(`build.kinds.${one}`) }))}
          />
          <Button
            variant="default"
            onClick={() => {
              // A new layer goes before the last one, which gives the classes.
              const at = Math.max(0, architecture.rows.length - 1);
              addRow(kind, at);
              setOpen(at);
            }}
          >
            {t('build.add')}
          </Button>
        </div>
      </Section>
      {faulty ? (
        <Notice level="error" text={check.fault ? words(check.fault) : t('build.faulty')} />
      ) : (
        <Stats>
          <Stat
            label={t('build.total', { what: t('build.parameters') })}
            value={format.count(check.parameters)}
            raw={check.parameters}
          />
          <Stat label={t('build.total', { what: t('build.macs') })} value={format.short(check.macs)} raw={check.macs} />
        </Stats>
      )}
      <Actions>
        <Button disabled={faulty !== null || busy} onClick={whenNumbersFit(() => void make(true))}>
          {t('build.train')}
        </Button>
        <Button variant="default" disabled={faulty !== null || busy} onClick={whenNumbersFit(() => void make(false))}>
          {t('build.create')}
        </Button>
      </Actions>
      <Help>{t('build.createHelp')}</Help>
    </Panel>
  );
}
