/** Candidates as rows, the best first. A row chooses its candidate: its line stands out, and it is told in full below. */
import { memo, useMemo } from 'react';
import type { SearchPlan } from '#core/search/plan';
import type { Trial } from '#core/search/trials';
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import { useNames } from '#ui/search/names.ts';
import styles from '#ui/search/search.module.css';

interface TableProps {
  readonly plan: SearchPlan;
  readonly trials: readonly Trial[];
  readonly best: number | null;
  readonly chosen: number | null;
  /** The candidate that is being run. */
  readonly current: number | null;
  readonly onChoose: (candidate: number | null) => void;
}

const noSteps: NonNullable<SearchPlan['base']['recipe']>['steps'] = [];

export const TrialsTable = memo(function TrialsTable(props: TableProps) {
  const { plan, trials, best, chosen, current, onChoose } = props;
  const t = useText();
  const format = useFormat();
  const names = useNames(plan.base.recipe?.steps ?? noSteps);
  const rows = useMemo(() => ordered(trials, best), [trials, best]);
  const waiting = trials.filter(({ state }) => state === 'waiting').length;
  const hasEpochs = plan.strategy.kind === 'halving';
  return (
    <div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reached by keys */}
      <section className={styles.scroll} tabIndex={0} aria-label={t('search.table')}>
        <table className={styles.table}>
          <caption className={styles.caption}>{t('search.table')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('search.columns.candidate')}</th>
              <th scope="col">{t('search.columns.accuracy')}</th>
              {plan.dimensions.map(({ target }) => (
                <th key={JSON.stringify(target)} scope="col">
                  {names.name(target)}
                </th>
              ))}
              {hasEpochs && <th scope="col">{t('search.columns.epochs')}</th>}
              {hasEpochs && <th scope="col">{t('search.columns.estimate')}</th>}
              <th scope="col">{t('search.columns.parameters')}</th>
              <th scope="col">{t('search.columns.macs')}</th>
              <th scope="col">{t('search.columns.bytes')}</th>
              <th scope="col">{t('search.columns.seconds')}</th>
              <th scope="col">{t('search.columns.state')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((trial) => {
              const { candidate, score, cost, state } = trial;
              const isChosen = chosen === candidate;
              return (
                <tr key={candidate} data-chosen={isChosen || undefined} data-best={best === candidate || undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      className={styles.pick}
                      aria-pressed={isChosen}
                      aria-label={t('search.detail', { candidate: candidate + 1 })}
                      onClick={() => onChoose(isChosen ? null : candidate)}
                    >
                      {candidate + 1}
                    </button>
                  </th>
                  <td data-value={score?.mean}>
                    {score ? format.percent(score.mean) : '–'}
                    {score && score.runs > 1 && <small> ± {format.percent(score.deviation)}</small>}
                  </td>
                  {plan.dimensions.map(({ target }, at) => (
                    <td key={JSON.stringify(target)}>{names.value(target, trial.choices[at] ?? '')}</td>
                  ))}
                  {hasEpochs && <td>{trial.epochs === null ? '–' : format.number(trial.epochs, 1)}</td>}
                  {hasEpochs && <td>{trial.estimate ? `≈ ${format.percent(trial.estimate.accuracy, 1)}` : ''}</td>}
                  <td>{cost ? format.short(cost.parameters) : '–'}</td>
                  <td>{cost ? format.short(cost.macs) : '–'}</td>
                  <td>{cost ? format.bytes(cost.bytes) : '–'}</td>
                  <td>{format.duration(trial.seconds)}</td>
                  <td>{t(`search.states.${state === 'done' && current === candidate ? 'begun' : state}`)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {waiting > 0 && <Help>{t('search.waiting', { count: waiting })}</Help>}
    </div>
  );
});

/** The leader, then those that got as far, by accuracy; those that came to nothing last. Waiting ones are only counted. */
function ordered(trials: readonly Trial[], best: number | null): readonly Trial[] {
  const worth = ({ candidate, state, epochs, score }: Trial): readonly number[] => [
    Number(candidate === best),
    Number(state !== 'failed' && state !== 'over'),
    epochs ?? 0,
    score?.mean ?? 0,
  ];
  const compare = (a: Trial, b: Trial): number => {
    const [p, q] = [worth(a), worth(b)];
    const at = p.findIndex((value, i) => value !== q[i]);
    return at < 0 ? a.candidate - b.candidate : (q[at] as number) - (p[at] as number);
  };
  return trials.filter(({ state }) => state !== 'waiting').sort(compare);
}
