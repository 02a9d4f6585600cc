/** What Apply made: its measured figures, what is worth knowing, and the usual next step. */
import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { batchNormStatistics } from '#core/passes/batch-norm-statistics';
import { passById } from '#core/passes/index';
import { setCombineView } from '#stores/combine';
import { setMethod } from '#stores/optimize';
import { project, select } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { Actions, Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/optimize.module.css';
import { Packed } from '#ui/optimize/Packed.tsx';
import { Comparison } from '#ui/optimize/recipe/StepResult.tsx';
import type { ApplyResult } from '#worker/protocol';

export function Applied({ node, result }: { node: ModelNode; result: ApplyResult }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { test, validation, model, notes, seconds, reports } = result;
  const compared = reports.at(-1)?.comparison;
  const nodes = useStore(project, (state) => state.nodes);
  const last = node.origin.kind === 'recipe' ? node.origin.recipe.steps.at(-1) : undefined;
  const taught = last?.values['teacher'];
  const named = typeof taught === 'string' ? nodes[taught] : undefined;
  const teacher = named?.summary.ensemble ? named : null;
  // Weights have changed, and what batch normalisation measured of their outputs has not.
  const isOffStatistics =
    node.summary.layers.some(({ kind }) => kind === 'batchNorm') &&
    last?.pass !== batchNormStatistics.id &&
    last?.values['norms'] !== true &&
    passById(last?.pass ?? '')?.preview === 'accuracy';
  // Apply stands at the foot of a form that may be long: what it made comes into sight.
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView?.({ block: 'nearest' });
  }, []);
  return (
    <div ref={box} className={styles.applied}>
      <Section heading={t('optimize.result', { name: node.name })}>
        <Stats>
          {test && (
            <Stat
              label={t('optimize.resultTest')}
              value={format.percent(test.value)}
              raw={test.value}
              note={format.range(test.low, test.high)}
            />
          )}
          {validation && (
            <Stat
              label={t('optimize.rows.accuracy')}
              value={format.percent(validation.value)}
              raw={validation.value}
              note={format.range(validation.low, validation.high)}
            />
          )}
          <Stat label={t('optimize.rows.nonZero')} value={format.count(model.nonZero)} raw={model.nonZero} />
          <Stat label={t('optimize.rows.bytes')} value={format.bytes(model.bytes)} raw={model.bytes} />
          <Stat label={t('optimize.resultTook')} value={format.duration(seconds)} raw={seconds} />
        </Stats>
        {model.asFloats && <Packed asFloats={model.asFloats} bytes={model.packedBytes} />}
      </Section>
      {compared && <Comparison compared={compared} />}
      {notes.length > 0 && (
        <Section heading={t('optimize.notes')}>
          <ul className={styles.notes}>
            {notes.map((note) => (
              <li key={note.en}>{words(note)}</li>
            ))}
          </ul>
        </Section>
      )}
      <Actions>
        {teacher && (
          <Button
            size="xs"
            onClick={() => {
              select(teacher.id);
              setCombineView('result');
              setTab('combine');
            }}
          >
            {t('combine.besideTeacher')}
          </Button>
        )}
        {last?.pass !== 'fine-tuning' && (
          <Button size="xs" variant="default" onClick={() => setMethod('fine-tuning')}>
            {t('optimize.fineTuneNext')}
          </Button>
        )}
        {isOffStatistics && (
          <Button size="xs" variant="default" onClick={() => setMethod(batchNormStatistics.id)}>
            {words(batchNormStatistics.words.title)}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => setTab('export')}>
          {t('optimize.exportNext')}
        </Button>
      </Actions>
    </div>
  );
}
