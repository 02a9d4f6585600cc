/** A search that is going on or has ended: how far, what leads, every candidate as a line and as a row. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { wilson } from '#core/numeric/intervals';
import { ahead, candidatesOf, roundsOf } from '#core/search/schedule';

import { bestOf, type Trial, trialsOf } from '#core/search/trials';
import { project, select } from '#stores/project';
import { dismissSearch, isLeft, pauseSearch, resumeSearch, stopSearch, takeTrial } from '#stores/search';
import { shareOfRun } from '#stores/search-going';
import { search } from '#stores/search-setup';
import type { SearchJob } from '#stores/search-state';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { PauseIcon, PlayIcon, StopIcon } from '#ui/kit/icons.tsx';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useThrottledPart } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { CandidateDetail } from '#ui/search/CandidateDetail.tsx';
import { useNames } from '#ui/search/names.ts';
import { ParallelChart } from '#ui/search/ParallelChart.tsx';
import styles from '#ui/search/search.module.css';
import { TrialsTable } from '#ui/search/TrialsTable.tsx';

const jobIn = ({ job }: ReturnType<typeof search.getState>) => job;

export function JobView() {
  const job = useThrottledPart(search, jobIn);
  return job ? <Job job={job} /> : null;
}

const noSteps: NonNullable<SearchJob['search']['plan']['base']['recipe']>['steps'] = [];

function Job({ job }: { job: SearchJob }) {
  const t = useText();
  const words = useWords();
  const { plan } = job.search;
  const { results } = job;
  const candidates = useMemo(() => candidatesOf(plan), [plan]);
  const trials = useMemo(() => trialsOf(plan, candidates, results), [plan, candidates, results]);
  const best = useMemo(() => bestOf(plan, candidates, results), [plan, candidates, results]);
  const [chosen, setChosen] = useState<number | null>(null);
  const steps = plan.base.recipe?.steps ?? noSteps;
  const leader = best === null ? null : (trials[best] ?? null);
  const shown = chosen === null ? null : (trials[chosen] ?? null);
  const isOver = job.status === 'done' || job.status === 'failed' || job.status === 'stopped';
  return (
    <>
      <Progress job={job} />
      {job.fault && (
        <Notice level="error" text={words(job.fault.words)} hint={job.fault.hint && words(job.fault.hint)} />
      )}
      {leader ? (
        <Leader job={job} trial={leader} />
      ) : (
        isOver && results.length > 0 && <Notice level="info" text={t('search.nothing')} />
      )}
      {results.length > 0 && plan.dimensions.length > 0 && (
        <ParallelChart
          dimensions={plan.dimensions}
          steps={steps}
          trials={trials}
          best={best}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
      {results.length > 0 && (
        <TrialsTable
          plan={plan}
          trials={trials}
          best={best}
          chosen={chosen}
          current={job.current?.run.candidate ?? null}
          onChoose={setChosen}
        />
      )}
      {shown && <CandidateDetail job={job} trial={shown} />}
    </>
  );
}

/** How far it is, and the buttons that act on it. */
export function Progress({ job }: { job: SearchJob }) {
  const t = useText();
  const format = useFormat();
  const { plan } = job.search;
  const { done: past, secondsLeft } = ahead(plan, job.results);
  const done = Math.min(1, past + shareOfRun(job));
  const isActive = job.status === 'running' || job.status === 'paused' || job.status === 'taking';
  const percent = format.percent(done, 0);
  const kind = job.purpose === 'repeat' ? 'statusRepeat' : 'status';
  return (
    <Section>
      <h3 className={styles.status} data-status={job.status}>
        {t(`search.${kind}.${job.status}`, { name: job.name })}
      </h3>
      {(isActive || isLeft(job)) && (
        <ProgressLine
          label={t('search.progress')}
          done={done}
          note={
            secondsLeft !== null && done < 1
              ? t('search.left', { percent, time: format.duration(secondsLeft) })
              : percent
          }
        />
      )}
      {job.taking && (
        <ProgressLine label={t('search.taking', { candidate: job.taking.candidate + 1 })} done={job.taking.done} />
      )}
      {job.current && <Now job={job} />}
      <Actions>
        {job.status === 'running' && (
          <Button variant="default" leftSection={<PauseIcon size={16} />} onClick={() => void pauseSearch()}>
            {t('search.pause')}
          </Button>
        )}
        {(job.status === 'paused' || (!isActive && isLeft(job))) && (
          <Button leftSection={<PlayIcon size={16} />} onClick={() => void resumeSearch()}>
            {t('search.resume')}
          </Button>
        )}
        {isActive && (
          <Button variant="default" leftSection={<StopIcon size={16} />} onClick={stopSearch}>
            {t('search.stop')}
          </Button>
        )}
        {!isActive && job.purpose === 'choose' && (
          <Button variant="default" disabled={job.taking !== null} onClick={dismissSearch}>
            {t('search.again')}
          </Button>
        )}
      </Actions>
    </Section>
  );
}

/** The run that is going on, in a line. */
function Now({ job: { current, search: asked } }: { job: SearchJob }) {
  const t = useText();
  const format = useFormat();
  if (!current) return null;
  const { plan } = asked;
  const { run, train } = current;
  const candidates = candidatesOf(plan).length;
  const rounds = roundsOf(plan, candidates);
  const parts = [
    ...(candidates > 1 ? [t('search.now', { candidate: run.candidate + 1, candidates })] : []),
    ...(rounds ? [t('search.nowRound', { round: run.round + 1, rounds: rounds.length })] : []),
    ...(run.fold === null ? [] : [t('search.nowFold', { fold: run.fold + 1, folds: plan.folds })]),
    ...(plan.seeds.length > 1 || candidates === 1 ? [t('search.nowSeed', { seed: run.seed })] : []),
    ...(train
      ? [t('search.nowEpoch', { epoch: format.fixed(train.point.epoch, 1), epochs: format.number(run.epochs ?? 0, 1) })]
      : []),
  ];
  return <Help>{parts.join(' · ')}</Help>;
}

/** The best so far, with its settings; when all is over, what it was worth on test. */
function Leader({ job, trial }: { job: SearchJob; trial: Trial }) {
  const t = useText();
  const format = useFormat();
  const { plan } = job.search;
  const { name, value } = useNames(plan.base.recipe?.steps ?? noSteps);
  const made = useStore(project, ({ nodes, order }) => {
    const id = job.made[trial.candidate];
    return id !== undefined && order.includes(id) ? nodes[id] : undefined;
  });
  const { score } = trial;
  if (!score) return null;
  const isDone = job.status === 'done';
  const { low, high } = wilson(Math.round(score.mean * trial.images), trial.images);
  const interval = format.range(low, high, 1);
  return (
    <Section heading={isDone ? t('search.bestDone', { count: candidatesOf(plan).length }) : t('search.best')}>
      <ul className={styles.choices}>
        {plan.dimensions.map(({ target }, at) => (
          <li key={JSON.stringify(target)}>
            {name(target)} <strong>{value(target, trial.choices[at] ?? '')}</strong>
          </li>
        ))}
      </ul>
      <Stats>
        <Stat
          label={judgedBy(plan, score.runs, t)}
          value={format.percent(score.mean)}
          raw={score.mean}
          note={score.runs > 1 ? t('search.spread', { deviation: format.percent(score.deviation) }) : interval}
        />
        {made?.test && (
          <Stat
            label={t('search.tested')}
            value={format.percent(made.test.value)}
            raw={made.test.value}
            note={format.range(made.test.low, made.test.high, 1)}
          />
        )}
      </Stats>
      {made ? (
        <Actions>
          <Button variant="light" onClick={() => select(made.id)}>
            {t('search.show')}
          </Button>
        </Actions>
      ) : (
        <>
          <Help>{t('search.notTested')}</Help>
          {job.status !== 'running' && job.status !== 'taking' && !job.taking && (
            <Actions>
              <Button variant="default" onClick={() => void takeTrial(trial.candidate)}>
                {t('search.take')}
              </Button>
            </Actions>
          )}
        </>
      )}
    </Section>
  );
}

/** What a score is the mean of. */
export function judgedBy(
  { folds, seeds }: SearchJob['search']['plan'],
  count: number,
  t: ReturnType<typeof useText>,
): string {
  if (count <= 1) return folds > 0 ? t('search.byFolds', { count }) : t('search.byValidation');
  if (folds > 0) return seeds.length > 1 ? t('search.byBoth', { count }) : t('search.byFolds', { count });
  return t('search.bySeeds', { count });
}
