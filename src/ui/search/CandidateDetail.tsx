/** One candidate in full: every run, where it was heading, why it failed, and making it a model. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import type { Trial } from '#core/search/trials';
import { project, select } from '#stores/project';
import { takeTrial } from '#stores/search';
import type { SearchJob } from '#stores/search-state';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { TraceCanvas } from '#ui/kit/TraceCanvas.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/search/search.module.css';

export function CandidateDetail({ job, trial }: { job: SearchJob; trial: Trial }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const made = useStore(project, ({ nodes, order }) => {
    const id = job.made[trial.candidate];
    return id !== undefined && order.includes(id) ? nodes[id] : undefined;
  });
  const runs = job.results.filter(({ candidate }) => candidate === trial.candidate);
  const curve = runs.at(-1)?.curve ?? [];
  const { estimate } = trial;
  const canTake = job.status !== 'running' && job.status !== 'taking' && !job.taking && trial.state !== 'failed';
  return (
    <section className={styles.detail} aria-label={t('search.detail', { candidate: trial.candidate + 1 })}>
      <Section heading={t('search.detail', { candidate: trial.candidate + 1 })}>
        {trial.fault && <Notice level="info" text={words(trial.fault)} />}
        {estimate && (
          <>
            <p className={styles.estimate}>
              {t('search.estimate', {
                accuracy: format.percent(estimate.accuracy, 1),
                epochs: format.number(estimate.epochs, 1),
              })}
            </p>
            <Help>{t('search.estimateHelp', { residual: format.number(estimate.residual * 100, 2) })}</Help>
          </>
        )}
        {curve.length > 1 && (
          <TraceCanvas
            title={t('train.validation')}
            traces={[
              {
                name: t('train.validation'),
                tone: 'strong',
                points: curve.map(({ epoch, accuracy }) => ({ x: epoch, y: accuracy })),
              },
            ]}
            end={runs.at(-1)?.of ?? curve.at(-1)?.epoch ?? 1}
            endLabel={t('train.epochAxis')}
            bounds={[0, 1]}
            showX={(value) => format.number(value, 2)}
            showY={(value, step) => format.percent(value, step < 0.01 ? 1 : 0)}
            label={t('train.accuracyLabel', { train: '–', validation: format.percent(curve.at(-1)?.accuracy ?? 0) })}
          />
        )}
        {runs.length > 0 && (
          <table className={styles.table}>
            <caption className={styles.caption}>{t('search.runs')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('search.runColumns.run')}</th>
                <th scope="col">{t('search.runColumns.accuracy')}</th>
                <th scope="col">{t('search.runColumns.images')}</th>
                <th scope="col">{t('search.runColumns.epochs')}</th>
              </tr>
            </thead>
            <tbody>
              {runs.map(({ fold, seed, round, score, epochs }) => (
                <tr key={`${fold} ${seed} ${round}`}>
                  <th scope="row">
                    {[
                      ...(fold === null ? [] : [t('search.runFold', { fold: fold + 1 })]),
                      t('search.runSeed', { seed }),
                    ].join(' · ')}
                  </th>
                  <td>{score ? format.percent(score.accuracy) : '–'}</td>
                  <td>{score ? format.count(score.images) : '–'}</td>
                  <td>{epochs === null ? '–' : format.number(epochs, 1)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {made ? (
          <Actions>
            <Button size="xs" variant="default" onClick={() => select(made.id)}>
              {t('search.show')}
            </Button>
          </Actions>
        ) : (
          canTake && (
            <>
              <Actions>
                <Button size="xs" variant="default" onClick={() => void takeTrial(trial.candidate)}>
                  {t('search.take')}
                </Button>
              </Actions>
              <Help>{t('search.takeHelp')}</Help>
            </>
          )
        )}
      </Section>
    </section>
  );
}
