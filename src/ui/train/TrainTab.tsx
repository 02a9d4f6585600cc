/** Trains a model: which one, on which backend, with which settings; and watches the run. */
import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { datasetFacts, fitsDataset } from '#core/datasets';
import { build } from '#stores/build';
import { datasets } from '#stores/datasets';
import { project, select } from '#stores/project';
import { pause, resume, setSettings, step, stop, train, training } from '#stores/training';
import { setTab } from '#stores/view';
import { Notice } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { PauseIcon, PlayIcon, StepIcon, StopIcon } from '#ui/kit/icons.tsx';
import { Actions, Help, Panel, Section } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useText, useWords } from '#ui/kit/words.ts';
import { Instead } from '#ui/predictor/Instead.tsx';
import { BackendField } from '#ui/train/BackendField.tsx';
import { Interrupted } from '#ui/train/Interrupted.tsx';
import { Run } from '#ui/train/Run.tsx';
import { SettingsForm } from '#ui/train/SettingsForm.tsx';
import styles from '#ui/train/train.module.css';

const small = { px: 6 } as const;

export function TrainTab() {
  const t = useText();
  const words = useWords();
  const { nodes, order, selected } = useStore(project);
  const status = useStore(training, (state) => state.status);
  const settings = useStore(training, (state) => state.settings);
  const fault = useStore(training, (state) => state.fault);
  const template = useStore(build, (state) => state.architecture.name);
  const dataset = useStore(datasets, (state) => state.selected);
  const facts = datasetFacts(dataset);
  const node = selected === null ? null : (nodes[selected] ?? null);
  const isIdle = status === 'idle';
  const isMisfit = node !== null && !fitsDataset(node.summary.inputShape, node.summary.classes, facts);
  const isMany = node !== null && node.summary.kind !== 'model';
  const shape = (of: readonly number[]) => of.join(' × ');
  // The form may be long: what begins comes into sight, with the buttons that hold it above.
  const run = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isIdle) run.current?.scrollIntoView?.({ block: 'nearest' });
  }, [isIdle]);
  return (
    <Panel title={t('train.title')} intro={t('train.intro')}>
      <Interrupted />
      <Section>
        <SelectField
          label={t('train.model')}
          value={selected ?? ''}
          disabled={!isIdle}
          choices={[
            { value: '', label: t('train.fromBuild', { name: template }) },
            ...order.flatMap((id) => (nodes[id] ? [{ value: id, label: nodes[id].name }] : [])),
          ]}
          onChange={(id) => select(id === '' ? null : id)}
        />
        {isMisfit && !isMany && (
          <Notice
            level="info"
            text={t('train.misfit', {
              model: shape(node.summary.inputShape),
              dataset: words(facts.words.title),
              data: shape(facts.shape),
            })}
          />
        )}
        {isMany && <Instead node={node} wanted="train" />}
        <BackendField disabled={!isIdle} />
      </Section>
      <SettingsForm settings={settings} disabled={!isIdle} onChange={setSettings} />
      <Section>
        <div className={styles.buttons}>
          <Button
            {...small}
            leftSection={<PlayIcon size={16} />}
            disabled={status === 'running' || status === 'finishing' || isMisfit || isMany}
            onClick={whenNumbersFit(() => void (status === 'paused' ? resume() : train()))}
          >
            {t('train.train')}
          </Button>
          <Button
            {...small}
            variant="default"
            leftSection={<PauseIcon size={16} />}
            disabled={status !== 'running'}
            onClick={() => void pause()}
          >
            {t('train.pause')}
          </Button>
          <Button
            {...small}
            variant="default"
            leftSection={<StepIcon size={16} />}
            disabled={status === 'running' || status === 'finishing' || isMisfit || isMany}
            onClick={whenNumbersFit(() => void step())}
          >
            {t('train.step')}
          </Button>
          <Button
            {...small}
            variant="default"
            leftSection={<StopIcon size={16} />}
            disabled={status !== 'running' && status !== 'paused'}
            onClick={() => void stop()}
          >
            {t('train.stop')}
          </Button>
        </div>
        <Help>{t(status === 'paused' ? 'train.pausedHelp' : 'train.stepHelp')}</Help>
        {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
      </Section>
      <div ref={run} className={styles.run}>
        <Run />
      </div>
      {isIdle && node?.validation && (
        <Actions>
          <Button variant="light" onClick={() => setTab('optimize')}>
            {t('train.optimizeNext')}
          </Button>
        </Actions>
      )}
    </Panel>
  );
}
