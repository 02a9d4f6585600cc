/** What a step achieved: in a line of figures that changed, and all of them before and after. */
import type { Compared } from '#core/pass';
import { changeOf, signedPoints } from '#ui/kit/changes.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/recipe/recipe.module.css';
import type { Accuracy, StepOutcome } from '#worker/protocol';

/** What was known before the step, where nothing else says it. */
export interface Before {
  readonly bytes: number;
  readonly validation: Accuracy | null;
}
interface ResultProps {
  readonly outcome: StepOutcome;
  readonly before: Before;
}
interface FigureProps {
  readonly outcome: Pick<StepOutcome, 'before' | 'after' | 'bytes' | 'validation'>;
  readonly before: Before;
}

const KEYS = ['parameters', 'nonZero', 'distinct', 'macs', 'bytes'] as const;

function useFigures({ outcome, before }: FigureProps) {
  const format = useFormat();
  return KEYS.map((key) => {
    const now = key === 'bytes' ? outcome.bytes : outcome.after[key];
    const was = key === 'bytes' ? before.bytes : outcome.before[key];
    const show = key === 'bytes' ? format.bytes : key === 'macs' ? format.short : format.count;
    return { key, now, was, show, isChanged: Math.abs(now / was - 1) >= 0.0005 };
  });
}

/** "Non-zero 1,371 −90 %" and the like, accuracy last. */
export function StepFigures(props: FigureProps) {
  const t = useText();
  const format = useFormat();
  const all = useFigures(props);
  const isPruned = all.some(({ key, isChanged }) => key === 'nonZero' && isChanged);
  // With weights their values go too: that says nothing more.
  const figures = all.filter(({ key, isChanged }) => isChanged && !(key === 'distinct' && isPruned));
  const { validation } = props.outcome;
  const was = props.before.validation;
  if (figures.length === 0 && !validation) return <p className={styles.quiet}>{t('recipe.nothing')}</p>;
  return (
    <ul className={styles.figures}>
      {figures.map(({ key, now, was: old, show }) => (
        <li key={key}>
          {t(`recipe.rows.${key}`)} <b data-value={now}>{show(now)}</b>{' '}
          <span className={styles.quiet}>{changeOf(now / old, format)}</span>
        </li>
      ))}
      {validation && (
        <li>
          {t('recipe.rows.validation')} <b data-value={validation.value}>{format.percent(validation.value)}</b>{' '}
          {was && (
            <span className={styles.quiet}>
              {t('optimize.points', { difference: signedPoints(validation.value - was.value, format) })}
            </span>
          )}
        </li>
      )}
    </ul>
  );
}

export function StepTable(props: ResultProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const figures = useFigures(props);
  const { outcome, before } = props;
  const share = (accuracy: Accuracy | null) => (accuracy ? format.percent(accuracy.value) : '–');
  return (
    <>
      <table className={styles.table}>
        <caption className={styles.caption}>{t('recipe.result')}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">{t('recipe.before')}</th>
            <th scope="col">{t('recipe.after')}</th>
          </tr>
        </thead>
        <tbody>
          {figures.map(({ key, now, was, show }) => (
            <tr key={key}>
              <th scope="row">{t(`recipe.rows.${key}`)}</th>
              <td>{show(was)}</td>
              <td>{show(now)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t('recipe.rows.validation')}</th>
            <td>{share(before.validation)}</td>
            <td>
              {share(outcome.validation)}
              {outcome.validation && (
                <span className={styles.range}>{format.range(outcome.validation.low, outcome.validation.high, 1)}</span>
              )}
            </td>
          </tr>
        </tbody>
      </table>
      {outcome.comparison && <Comparison compared={outcome.comparison} />}
      {outcome.notes.length > 0 && (
        <ul className={styles.notes}>
          {outcome.notes.map((note) => (
            <li key={note.en}>{words(note)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Models side by side: a teacher, its student, and the same student without it. */
export function Comparison({ compared }: { compared: readonly Compared[] }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const best = Math.max(...compared.map(({ accuracy }) => accuracy));
  const isTold = compared.some(({ agreement }) => agreement !== undefined);
  return (
    <table className={styles.table}>
      <caption className={styles.caption}>{t('recipe.compare')}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{t('recipe.compared.accuracy')}</th>
          <th scope="col">{t('recipe.compared.parameters')}</th>
          {isTold && <th scope="col">{t('recipe.compared.agreement')}</th>}
        </tr>
      </thead>
      <tbody>
        {compared.map(({ label, accuracy, parameters, agreement, divergence }) => (
          <tr key={label.en}>
            <th scope="row">{words(label)}</th>
            <td data-value={accuracy}>
              {accuracy === best ? <b>{format.percent(accuracy)}</b> : format.percent(accuracy)}
            </td>
            <td data-value={parameters}>{format.count(parameters)}</td>
            {isTold && (
              <td data-value={agreement}>
                {agreement === undefined ? '–' : format.percent(agreement, 1)}
                {divergence !== undefined && (
                  <span className={styles.range}>KL {format.number(divergence, divergence < 0.1 ? 4 : 2)}</span>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
