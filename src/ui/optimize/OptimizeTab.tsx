/** The Optimize tab: which model, which method, its sliders, what they would give, and Apply. */
import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import type { Layer } from '#core/model/layers';
import { isPrunable } from '#core/model/layers';
import { PASSES, passById } from '#core/passes/index';
import { datasets, nodeFits } from '#stores/datasets';
import { apply, cancelApply, optimize, rest, setMethod, setValue } from '#stores/optimize';
import { project, select } from '#stores/project';
import { setTab } from '#stores/view';
import { EmptyState, Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Actions, Help, More, Panel, Section, Text } from '#ui/kit/Layout.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { Applied } from '#ui/optimize/Applied.tsx';
import styles from '#ui/optimize/optimize.module.css';
import { PreviewTable } from '#ui/optimize/PreviewTable.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';

export function OptimizeTab() {
  const t = useText();
  const words = useWords();
  const { nodes, order, selected } = useStore(project);
  const { method, values, applying, result, fault } = useStore(optimize);
  const loaded = useStore(datasets, (state) => state.loaded);
  const node = selected === null ? undefined : nodes[selected];
  const first = order.at(-1);
  // There is always something to shrink where there is any model.
  useEffect(() => {
    if (!node && first !== undefined) select(first);
  }, [node, first]);
  const pass = passById(method);
  if (order.length === 0 || !pass) return <NoModel />;
  if (!node) return null;

  const fits = node.dataset !== null && nodeFits(node, node.dataset);
  const needsImages = pass.needs.includes('data') || pass.needs.includes('training');
  const blocked = needsImages && !fits;
  const prunable = node.summary.layers
    .filter((layer) => isPrunable({ kind: layer.kind } as Layer, 'kernel'))
    .map((layer) => layer.name);
  const predictors = [
    { id: '', name: t('optimize.itself') },
    ...order.filter((id) => id !== node.id && nodes[id]).map((id) => ({ id, name: nodes[id]?.name ?? id })),
  ];
  return (
    <Panel title={t('optimize.title')}>
      <SelectField
        label={t('optimize.model')}
        value={node.id}
        disabled={applying !== null}
        onChange={select}
        choices={order.map((id) => ({ value: id, label: nodes[id]?.name ?? id }))}
      />
      <SelectField
        label={t('optimize.method')}
        value={method}
        disabled={applying !== null}
        onChange={setMethod}
        choices={PASSES.map((one) => ({
          value: one.id,
          label: words(one.words.title),
          group: t(`optimize.families.${one.family}`),
        }))}
      />
      <Text>{words(pass.words.help)}</Text>
      {blocked ? (
        <Notice level="info" text={t('optimize.needsData')} />
      ) : (
        <ParamForm
          params={pass.params}
          values={values[method] ?? {}}
          layers={prunable}
          predictors={predictors}
          disabled={applying !== null}
          onChange={(key, value, moving) => setValue(key, value, moving)}
          onRest={rest}
        >
          {!fits && <Notice level="info" text={t('optimize.noFit')} />}
          {fits && node.validation === null && node.origin.kind === 'template' && (
            <Notice level="info" text={t('optimize.untrained')} />
          )}
          {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
          {result ? (
            <Applied node={node} result={result} />
          ) : (
            <PreviewTable node={node} structureOnly={pass.preview === 'structure'} />
          )}
        </ParamForm>
      )}
      <More summary={t('optimize.about')}>
        <Section heading={t('optimize.cost')}>
          <Text>{words(pass.words.cost)}</Text>
        </Section>
        <Section heading={t('optimize.paper')}>
          <Help>{pass.words.paper}</Help>
        </Section>
      </More>
      {!blocked && (
        <div className={styles.foot}>
          {applying && <Applying />}
          <Actions>
            <Button
              onClick={() => void apply()}
              disabled={applying !== null || (fits && node.dataset !== null && !loaded[node.dataset])}
            >
              {t('optimize.apply')}
            </Button>
            {applying && (
              <Button variant="default" onClick={cancelApply}>
                {t('optimize.cancel')}
              </Button>
            )}
          </Actions>
        </div>
      )}
    </Panel>
  );
}

function Applying() {
  const t = useText();
  const format = useFormat();
  const applying = useStore(optimize, (state) => state.applying);
  if (!applying) return null;
  const { train, done } = applying;
  const note = train
    ? `${format.percent(done, 0)} · ${format.rate(train.imagesPerSecond)} · ${t('train.left')} ${format.duration(train.secondsLeft)}`
    : undefined;
  return <ProgressLine label={t('optimize.applying')} done={done} {...(note ? { note } : {})} />;
}

function NoModel() {
  const t = useText();
  return (
    <Panel title={t('optimize.title')} intro={t('optimize.intro')}>
      <EmptyState title={t('optimize.noModel')} text={t('optimize.noModelHelp')}>
        <Button onClick={() => setTab('train')}>{t('optimize.goTrain')}</Button>
      </EmptyState>
    </Panel>
  );
}
